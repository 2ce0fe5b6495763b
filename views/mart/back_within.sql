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

),

-- Who ordered first after the last of these days has a window that is not over.
spanned as (

    select
        span.window_days,
        coverage.last_whole_day - span.window_days as last_first_day
    from coverage
    cross join (values (30), (60), (90), (180)) as span (window_days)

),

final as (

    select
        order_day.customer_id,
        spanned.window_days,
        lpad(spanned.window_days::text, 3) || ' days' as window_name,
        order_day.first_order_day,
        order_day.first_order_month,
        month.month_name as first_month_name,
        month.is_first_month as is_left_censored,
        customer.home_country,
        customer.segment,
        month.as_of - 1 <= spanned.last_first_day as is_month_over,
        coalesce(order_day.days_to_next_order <= spanned.window_days, false) as is_back
    from order_day
    inner join month on order_day.first_order_month = month.month
    inner join customer on order_day.customer_id = customer.customer_id
    inner join spanned on order_day.order_day <= spanned.last_first_day
    where order_day.order_number = 1

)

select * from final
