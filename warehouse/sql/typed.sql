-- Each clean line with its text read as numbers and times.
-- {moment}, {signed_quantity} and {price} read the text as the whole file is written.
-- is_plain: the text is as PostgreSQL itself would print it. A cast alone takes 'now', 'NaN' and '1_000' too. Where the
-- columns were judged, {is_judged}, bad lines are out already. price_digits: those after the point.
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
    status,
    {is_judged} or coalesce(
        octet_length(invoice_no) between 1 and 40
        and octet_length(stock_code) between 1 and 40
        and stock_code ~ '^[[:alnum:]][[:alnum:] ._/+-]*$'
        and strpos(invoice_no, '+') + strpos(stock_code, '+') + strpos(invoice_no, '.') + strpos(stock_code, '.') = 0
        and quantity_text = quantity::text
        and date_text like '____-__-__ __:__:__'
        and date_text between '1990' and '2200'
        and price_text = price_text::numeric::text
        and ascii(right(price_text, 1)) < 58
        and quantity between -1000000 and 1000000
        and abs(quantity * unit_price) <= 1e7
        and coalesce(customer_text in (customer_id::text, customer_id::text || '.0') and customer_id > 0, true),
        false
    ) as is_plain,
    case
        when strpos(price_text, '.') > 0 then octet_length(price_text) - strpos(price_text, '.')
        else 0
    end as price_digits,
    hash_record_extended(
        row(invoice_no, stock_code, description, quantity, invoice_at, unit_price, customer_id, country), 0
    ) {status_hash} as hash
from (
    select
        line_number,
        invoice_no,
        stock_code,
        description,
        {signed_quantity} as quantity,
        {moment} as invoice_at,
        {price} as unit_price,
        customer_id::numeric::integer as customer_id,
        country,
        status,
        quantity as quantity_text,
        invoice_date as date_text,
        unit_price as price_text,
        customer_id as customer_text
    from (
        {clean}
    ) as clean
    -- The same fence.
    offset '0' -- noqa: AM09
) as read
