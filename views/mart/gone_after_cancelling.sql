-- Whose newest cancellation of goods is later than every order of theirs.
with

invoice_month as (

    select * from rollup.invoice_month

),

month as (

    select * from rollup.month

),

customer as (

    select * from mart.customer

),

today as (

    select max(last_line_at)::date + 1 as today
    from month

),

traded as (

    select
        customer_id,
        max(invoice_at) filter (where goods_lines > 0) as last_order_at,
        max(invoice_at) filter (where cancelled_goods_lines > 0) as last_cancellation_at,
        count(distinct invoice_at::date) filter (where goods_lines > 0) as order_days,
        count(distinct invoice_no) filter (where cancelled_goods_lines > 0) as cancellations,
        sum(goods_sold) as goods_sold,
        sum(goods_cancelled) as goods_cancelled
    from invoice_month
    where customer_id is not null
    group by customer_id

),

gone as (

    select *
    from traded
    where last_cancellation_at > coalesce(last_order_at, '-infinity')

),

newest as (

    select
        gone.customer_id,
        sum(invoice_month.goods_cancelled) as goods_cancelled_last
    from gone
    inner join invoice_month
        on gone.customer_id = invoice_month.customer_id and gone.last_cancellation_at = invoice_month.invoice_at
    where invoice_month.cancelled_goods_lines > 0
    group by gone.customer_id

)

select
    gone.customer_id,
    customer.segment,
    customer.home_country,
    customer.region,
    gone.last_cancellation_at,
    today.today - gone.last_cancellation_at::date as days_since_cancellation,
    newest.goods_cancelled_last,
    gone.last_order_at::date as last_order_day,
    gone.order_days,
    gone.cancellations,
    gone.goods_sold,
    gone.goods_cancelled,
    gone.goods_sold - gone.goods_cancelled as net_money,
    1 as customers
from gone
cross join today
inner join newest on gone.customer_id = newest.customer_id
inner join customer on gone.customer_id = customer.customer_id
