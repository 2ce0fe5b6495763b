-- A cancellation takes back the newest order of the same customer and product in the 365 days before it.
with

line as not materialized (

    select * from warehouse.line

),

cancelled as (

    select
        invoice_no,
        stock_code,
        customer_key,
        country,
        month,
        customer_id,
        min(invoice_at) as cancelled_at,
        -sum(quantity)::bigint as units_taken_back,
        -sum(amount) as goods_cancelled
    from line
    where line_type = 'cancellation' and is_product and not is_overlap
    group by invoice_no, stock_code, customer_key, country, month, customer_id

),

-- Customer and product as one number, so that lines are read once and not through an index for each pair. Where two
-- pairs share a number, the lines of both are read, and told apart below.
wanted as (

    select distinct hashtextextended(stock_code, customer_key) as pair
    from cancelled
    where customer_id is not null

),

ordered as (

    select
        line.invoice_no as order_no,
        line.customer_key,
        line.stock_code,
        min(line.invoice_at) as ordered_at,
        sum(line.quantity)::bigint as units_ordered
    from line
    inner join wanted on hashtextextended(line.stock_code, line.customer_key) = wanted.pair
    where line.line_type = 'sale' and not line.is_overlap
    group by line.invoice_no, line.customer_key, line.stock_code

),

matched as (

    select distinct on (
        cancelled.invoice_no, cancelled.stock_code, cancelled.customer_key, cancelled.country, cancelled.month
    )
        cancelled.*,
        ordered.order_no as matched_order,
        ordered.ordered_at,
        ordered.units_ordered
    from cancelled
    left join ordered
        on
            cancelled.customer_key = ordered.customer_key
            and cancelled.stock_code = ordered.stock_code
            and cancelled.cancelled_at >= ordered.ordered_at
            and cancelled.cancelled_at < ordered.ordered_at + interval '365 days'
    order by
        cancelled.invoice_no asc,
        cancelled.stock_code asc,
        cancelled.customer_key asc,
        cancelled.country asc,
        cancelled.month asc,
        ordered.ordered_at desc,
        ordered.order_no desc

)

select
    invoice_no,
    stock_code,
    customer_key,
    country,
    month,
    customer_id,
    cancelled_at,
    units_taken_back,
    goods_cancelled,
    matched_order,
    ordered_at,
    units_ordered,
    cancelled_at::date - ordered_at::date as days_to_cancel,
    case
        when customer_id is null then 'No customer number'
        when matched_order is null then 'No order found'
        when units_taken_back = units_ordered then 'Exact quantity'
        when units_taken_back < units_ordered then 'Part of the order'
        else 'More than the order'
    end as match_quality
from matched
