with

order_day as (

    select * from mart.order_day

),

month as (

    select * from rollup.month

),

customer as (

    select * from mart.customer

),

ordered as (

    select
        order_day.first_order_month,
        customer.home_country,
        order_day.month,
        count(distinct order_day.customer_id) as customers_active,
        count(distinct order_day.customer_id) filter (where order_day.order_number = 1) as cohort_customers,
        sum(order_day.goods_sold) as goods_sold
    from order_day
    inner join customer on order_day.customer_id = customer.customer_id
    group by order_day.first_order_month, customer.home_country, order_day.month

),

-- What a month that is not complete holds is not known yet.
known as (

    select
        cohort.first_order_month,
        cohort.home_country,
        month.month,
        cohort.cohort_customers,
        month.is_complete_month,
        case when month.is_complete_month then coalesce(ordered.customers_active, 0) end as customers_active,
        case when month.is_complete_month then coalesce(ordered.goods_sold, 0) end as goods_sold
    from ordered as cohort
    inner join month on cohort.first_order_month <= month.month
    left join ordered
        on
            cohort.first_order_month = ordered.first_order_month
            and cohort.home_country = ordered.home_country
            and month.month = ordered.month
    where cohort.first_order_month = cohort.month

),

final as (

    select
        known.first_order_month,
        known.month,
        known.home_country,
        first_month.month_name as first_month_name,
        first_month.is_first_month as is_left_censored,
        (
            12 * (extract(year from known.month) - extract(year from known.first_order_month))
            + extract(month from known.month) - extract(month from known.first_order_month)
        )::integer as months_since_first_order,
        known.is_complete_month,
        known.cohort_customers,
        known.customers_active,
        known.goods_sold,
        case when known.is_complete_month then first_value(known.goods_sold) over (
            partition by known.first_order_month, known.home_country order by known.month
        ) end as goods_sold_in_first_month
    from known
    inner join month as first_month on known.first_order_month = first_month.month

)

select * from final
