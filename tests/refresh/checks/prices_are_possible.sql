-- Nothing costs a thousand pounds or more.
select
    invoice_at::date as day,
    invoice_no,
    unit_price
from {line} as line
where unit_price >= 1000
