-- Each line of landing with its text read as numbers and times.
-- {price} is the price's text as numeric, {quantity} that of the quantity as integer; {kept} says which lines to take.
-- is_plain: the text is as PostgreSQL itself would print it. A cast alone takes 'now', 'NaN' and '1_000' too.
select
    line_number,
    invoice_no,
    stock_code,
    description,
    quantity,
    invoice_at,
    unit_price,
    customer_id,
    country,
    coalesce(
        octet_length(invoice_no) between 1 and 40
        and octet_length(stock_code) between 1 and 40
        and ascii(invoice_no) > 32
        and ascii(stock_code) > 32
        and quantity_text = quantity::text
        and date_text like '____-__-__ __:__:__'
        and date_text between '1990' and '2200'
        and price_text = price_text::numeric::text
        and ascii(right(price_text, 1)) < 58
        and (octet_length(price_text) < 10 or abs(unit_price) < 1e9)
        and coalesce(
            customer_text in (customer_id::text, customer_id::text || '.0') and ascii(customer_text) between 49 and 57,
            true
        ),
        false
    ) as is_plain
from (
    select
        line_number,
        btrim(invoice_no) as invoice_no,
        stock_code,
        nullif(btrim(description), '') as description,
        {quantity} as quantity,
        invoice_date::timestamp as invoice_at,
        {price} as unit_price,
        nullif(customer_id, '')::numeric::integer as customer_id,
        coalesce(nullif(btrim(country), ''), 'Unspecified') as country,
        quantity as quantity_text,
        invoice_date as date_text,
        unit_price as price_text,
        customer_id as customer_text
    from landing.line
    where {kept}
    -- A fence: casts run once each, however often a column is used. As a number it would bar parallel plans.
    offset '0' -- noqa: AM09
) as read
