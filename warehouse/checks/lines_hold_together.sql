-- What is derived from a line follows from it: amount, month, customer key, type and flags.
select
    invoice_at::date as day,
    line_id,
    customer_key,
    customer_id,
    invoice_no,
    quantity,
    unit_price,
    amount,
    invoice_at,
    month,
    line_type,
    is_overlap,
    is_duplicate
from {line} as line
where
    amount <> quantity * unit_price
    or month <> date_trunc('month', invoice_at)::date
    or customer_key <> coalesce(customer_id, least(customer_key, -1))
    or line_type not in ('sale', 'cancellation', 'adjustment', 'write_off', 'free', 'fee')
    or line_type <> 'cancellation' and {is_cancelled_by_number}
    or is_overlap and (is_duplicate or not {is_in_overlap})
