with

customer_month as (

    select * from mart.customer_month

)

select
    month,
    country,
    segment,
    customer_type,
    is_complete_month,
    is_left_censored,
    sum(lines)::bigint as lines,
    sum(units)::bigint as units,
    sum(sales) as sales,
    sum(sales_without_overlap) as sales_without_overlap,
    sum(orders_total)::bigint as orders_total,
    sum(orders_cancelled)::bigint as orders_cancelled,
    sum(orders_placed)::bigint as orders_placed,
    sum(orders)::bigint as orders,
    sum(cancelled_value) as cancelled_value,
    sum(active_customers)::bigint as active_customers,
    sum(new_customers)::bigint as new_customers,
    sum(existing_customers)::bigint as existing_customers,
    is_last_12_months,
    is_12_months_before,
    months_ago
from customer_month
group by
    month,
    country,
    segment,
    customer_type,
    is_complete_month,
    is_left_censored,
    is_last_12_months,
    is_12_months_before,
    months_ago
