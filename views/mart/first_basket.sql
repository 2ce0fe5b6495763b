with

line as (

    select * from warehouse.line

),

order_day as (

    select * from mart.order_day

),

first_order as (

    select
        customer_id,
        order_day
    from order_day
    where order_number = 1

)

select
    line.customer_id,
    line.stock_code,
    sum(line.quantity)::bigint as units_sold,
    sum(line.amount) as goods_sold
from line
inner join first_order
    on line.customer_id = first_order.customer_id and line.invoice_at::date = first_order.order_day
where line.line_type = 'sale' and not line.is_overlap
group by line.customer_id, line.stock_code
