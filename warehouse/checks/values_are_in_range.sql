-- Quantities are within a million pieces, lines within ten million pounds, dates from 1990 to tomorrow; no blank text.
select
    line_id,
    invoice_no,
    stock_code,
    description,
    quantity,
    unit_price,
    amount,
    invoice_at
from warehouse.line
where
    quantity not between -1000000 and 1000000
    or amount not between -10000000 and 10000000
    or invoice_at < '1990-01-01'
    or invoice_at >= current_date + 2
    or description = ''
