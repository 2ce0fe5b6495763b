with

order_day as (

    select
        customer_id,
        order_day,
        goods_sold
    from mart.order_day

),

-- An order day lies in the 180 days after at most seven month ends.
ordered as (

    select
        order_day.customer_id,
        (date_trunc('month', order_day.order_day) - back.months * interval '1 month')::date as as_of,
        order_day.order_day,
        order_day.goods_sold
    from order_day
    cross join generate_series(0, 6) as back (months)

)

select
    (as_of - interval '1 month')::date as month,
    customer_id,
    as_of,
    min(order_day - as_of) as days_to_order,
    coalesce(sum(goods_sold) filter (where order_day < as_of + 30), 0) as goods_within_30_days,
    coalesce(sum(goods_sold) filter (where order_day < as_of + 90), 0) as goods_within_90_days,
    sum(goods_sold) as goods_within_180_days
from ordered
where order_day < as_of + 180
group by customer_id, as_of
