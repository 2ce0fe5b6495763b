with

rfm_customer as (

    select * from mart.rfm_customer

),

month as (

    select
        month,
        is_first_month,
        is_complete_month
    from rollup.month

),

grouped as (

    select
        date_trunc('month', first_order_day)::date as first_order_month,
        segment,
        home_country,
        count(*) as customers,
        sum(goods_sold) as goods_sold,
        sum(goods_cancelled) as goods_cancelled,
        sum(net_money) as net_money,
        sum(order_days)::bigint as order_days
    from rfm_customer
    where first_order_day is not null
    group by date_trunc('month', first_order_day)::date, segment, home_country

)

select
    grouped.*,
    month.is_first_month as is_left_censored,
    month.is_complete_month
from grouped
inner join month on grouped.first_order_month = month.month
