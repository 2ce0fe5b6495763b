-- The classified lines of the days that changed, with what tells their repetitions.
insert into warehouse.line
select
    line_id,
    customer_key,
    invoice_no,
    stock_code,
    description,
    quantity,
    invoice_at,
    unit_price,
    amount,
    customer_id,
    country,
    month,
    line_type,
    is_product,
    coalesce(repeat.is_overlap, false) as is_overlap,
    coalesce(not repeat.is_overlap, false) as is_duplicate,
    line.hash
from ({lines}) as line
left join repeat on line.line_number = repeat.line_number
where line.invoice_at::date = any(%(days)s)
