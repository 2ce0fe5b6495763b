with

order_day as (

    select * from mart.order_day

),

coverage as (

    select * from mart.coverage

),

step as (

    select
        order_day.*,
        order_day.order_day - order_day.first_order_day as days_since_first,
        case
            when order_day.order_day + 180 <= coverage.last_whole_day
                then coalesce(order_day.days_to_next_order <= 180, false)
        end as goes_on_in_180_days
    from order_day
    cross join coverage

),

counted as (

    select
        order_number,
        count(*) as customers,
        count(next_order_day) as customers_who_go_on,
        count(*) filter (where goes_on_in_180_days) as customers_on_within_180_days,
        count(goes_on_in_180_days) as customers_with_180_days_over,
        percentile_cont(0.5) within group (order by days_since_order_before) as median_days_since_order_before,
        percentile_cont(0.5) within group (order by days_since_first) as median_days_since_first,
        sum(goods_sold) as goods_sold
    from step
    group by order_number

)

select
    order_number,
    customers,
    customers::numeric / max(customers) over () as share_of_first,
    customers_who_go_on,
    customers_who_go_on::numeric / customers as share_that_goes_on,
    customers_with_180_days_over,
    customers_on_within_180_days,
    customers_on_within_180_days::numeric / nullif(customers_with_180_days_over, 0) as share_on_within_180_days,
    median_days_since_order_before,
    median_days_since_first,
    goods_sold / customers as mean_goods_sold
from counted
