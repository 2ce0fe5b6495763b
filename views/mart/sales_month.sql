with

customer_month as (

    select * from mart.customer_month

),

country as (

    select * from warehouse.country

)

select
    customer_month.month,
    customer_month.country,
    customer_month.segment,
    customer_month.customer_type,
    customer_month.is_complete_month,
    customer_month.is_left_censored,
    sum(customer_month.lines)::bigint as lines,
    sum(customer_month.units)::bigint as units,
    sum(customer_month.sales) as sales,
    sum(customer_month.sales_without_overlap) as sales_without_overlap,
    sum(customer_month.orders_total)::bigint as orders_total,
    sum(customer_month.orders_cancelled)::bigint as orders_cancelled,
    sum(customer_month.orders_placed)::bigint as orders_placed,
    sum(customer_month.orders)::bigint as orders,
    sum(customer_month.cancelled_value) as cancelled_value,
    sum(customer_month.active_customers)::bigint as active_customers,
    sum(customer_month.new_customers)::bigint as new_customers,
    sum(customer_month.existing_customers)::bigint as existing_customers,
    customer_month.is_last_12_months,
    customer_month.is_12_months_before,
    customer_month.months_ago,
    country.iso3 as country_code,
    country.region
from customer_month
left join country on customer_month.country = country.country
group by
    customer_month.month,
    customer_month.country,
    customer_month.segment,
    customer_month.customer_type,
    customer_month.is_complete_month,
    customer_month.is_left_censored,
    customer_month.is_last_12_months,
    customer_month.is_12_months_before,
    customer_month.months_ago,
    country.iso3,
    country.region
