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

)

select
    rfm_customer.customer_id,
    rfm_customer.segment,
    rfm_customer.segment_order,
    rfm_customer.home_country,
    country.region,
    coalesce(order_size.order_size, 'No order') as order_size,
    coalesce(tenure.tenure, 'No order') as tenure,
    order_size.median_units,
    order_size.goods_per_order_day,
    rfm_customer.first_order_day,
    rfm_customer.last_order_day,
    rfm_customer.order_days,
    rfm_customer.net_money,
    rfm_customer.took_everything_back,
    rfm_customer.order_days_last_12_months,
    rfm_customer.goods_sold_last_12_months,
    rfm_customer.customers
from rfm_customer
cross join coverage
left join country on rfm_customer.home_country = country.country
left join order_size on rfm_customer.customer_id = order_size.customer_id
left join tenure
    on
        greatest(coverage.last_whole_day - rfm_customer.first_order_day, 0) >= tenure.least_days
        and (
            tenure.below_days is null
            or greatest(coverage.last_whole_day - rfm_customer.first_order_day, 0) < tenure.below_days
        )
