with

customer as (

    select * from warehouse.customer

),

country as (

    select * from warehouse.country

),

rfm_customer as (

    select * from mart.rfm_customer

)

select
    customer.customer_id,
    customer.country as home_country,
    country.region,
    customer.first_month as cohort_month,
    coalesce(rfm_customer.segment, 'Not scored') as segment,
    rfm_customer.first_order_day,
    rfm_customer.last_order_day,
    coalesce(rfm_customer.order_days, 0) as order_days,
    coalesce(rfm_customer.net_money, 0) as net_money
from customer
left join country on customer.country = country.country
left join rfm_customer on customer.customer_id = rfm_customer.customer_id
