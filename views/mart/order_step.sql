with

order_day as (

    select * from mart.order_day

),

month as (

    select * from rollup.month

),

coverage as (

    select * from mart.coverage

),

customer as (

    select * from mart.customer

)

select
    order_day.customer_id,
    order_day.order_number,
    order_day.order_day,
    order_day.first_order_month,
    month.month_name as first_month_name,
    month.is_first_month as is_left_censored,
    customer.home_country,
    customer.segment,
    order_day.goods_sold,
    order_day.next_order_day is not null as goes_on,
    case
        when order_day.order_day + 180 <= coverage.last_whole_day
            then coalesce(order_day.days_to_next_order <= 180, false)
    end as goes_on_in_180_days,
    order_day.days_to_next_order
from order_day
inner join month on order_day.first_order_month = month.month
inner join customer on order_day.customer_id = customer.customer_id
cross join coverage
