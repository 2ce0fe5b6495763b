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
        and ascii(invoice_no) > 32
        and ascii(stock_code) > 32
        and quantity = quantity::numeric::integer::text
        and invoice_date like '____-__-__ __:__:__'
        and invoice_date between '1970' and '2200'
        and unit_price = unit_price::numeric::text
        and ascii(right(unit_price, 1)) < 58
        and abs(unit_price::numeric) < 1e9
        and coalesce(
            customer_id in (customer_id::numeric::integer::text, customer_id::numeric::integer::text || '.0')
            and ascii(customer_id) between 49 and 57,
            true
        ),
        false
    ) as is_plain
from landing.line
where {kept}
