with

rfm_customer as (

    select * from mart.rfm_customer

),

order_size as (

    select * from mart.order_size

),

country as (

    select
        country,
        region
    from warehouse.country

),

coverage as (

    select last_whole_day from mart.coverage

),

tenure as (

    select
        name as tenure,
        least_days,
        lead(least_days) over (order by least_days) as below_days
    from list.tenures

),

-- Whose first order is on a day that is not over has been a customer for no day yet.
aged as (

    select
        rfm_customer.*,
        greatest(coverage.last_whole_day, rfm_customer.first_order_day) - rfm_customer.first_order_day as days
    from rfm_customer
    cross join coverage

)

select
    aged.customer_id,
    aged.segment,
    aged.segment_order,
    aged.home_country,
    country.region,
    coalesce(order_size.order_size, 'No order') as order_size,
    coalesce(tenure.tenure, 'No order') as tenure,
    order_size.median_units,
    order_size.goods_per_order_day,
    aged.first_order_day,
    aged.last_order_day,
    aged.order_days,
    aged.net_money,
    aged.took_everything_back,
    aged.order_days_last_12_months,
    aged.goods_sold_last_12_months,
    aged.customers
from aged
left join country on aged.home_country = country.country
left join order_size on aged.customer_id = order_size.customer_id
left join tenure on aged.days >= tenure.least_days and (tenure.below_days is null or aged.days < tenure.below_days)
