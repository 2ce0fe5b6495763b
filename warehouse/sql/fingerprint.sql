-- Month and hash of each line, read in parallel: they tell which months changed and which lines repeat, without
-- moving the lines themselves. The table goes before the commit; a temporary one could not be read in parallel.
-- {columns} are what to keep with them: when every line will be new, all of it, so that none is read twice.
create unlogged table landing.fingerprint as
select
    {columns},
    date_trunc('month', invoice_at)::date as month,
    invoice_at::date as day,
    hash_record_extended(
        row(invoice_no, stock_code, description, quantity, invoice_at, unit_price, customer_id, country), 0
    ) {status_hash} as hash,
    is_plain,
    price_digits
from ({lines}) as line
