-- Each line of landing with its text read as numbers and times.
-- {price} is the price's text as numeric, {kept} says which lines to take.
-- is_plain: the text is as PostgreSQL itself would print it. A cast alone takes 'now', 'NaN' and '1_000' too.
select
    line_number,
    invoice_no,
    stock_code,
    nullif(btrim(description), '') as description,
    quantity::numeric::integer as quantity,
    invoice_date::timestamp as invoice_at,
    {price} as unit_price,
    nullif(customer_id, '')::numeric::integer as customer_id,
    coalesce(nullif(btrim(country), ''), 'Unspecified') as country,
    coalesce(
        octet_length(invoice_no) between 1 and 40
        and octet_length(stock_code) between 1 and 40
        and invoice_no <> ' '
        and stock_code <> ' '
        and quantity = quantity::numeric::integer::text
        and invoice_date like '____-__-__ __:__:__'
        and invoice_date between '1970' and '2200'
        and unit_price < ':'
        and unit_price = unit_price::numeric::text
        and coalesce(
            customer_id in (customer_id::numeric::integer::text, customer_id::numeric::integer::text || '.0')
            and customer_id > '0',
            true
        ),
        false
    ) as is_plain
from landing.line
where {kept}
