-- Quantities are within a million pieces, lines within ten million pounds, dates within 1990 to 2100; no text is blank.
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
    or invoice_at not between '1990-01-01' and '2100-01-01'
    or description = ''
