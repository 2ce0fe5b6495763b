with

customer_month as (

    select * from mart.customer_month

),

country as (

    select
        country,
        iso3,
        region
    from warehouse.country

),

grouped as (

    select
        month,
        country,
        segment,
        segment_before_month,
        customer_type,
        is_complete_month,
        is_left_censored,
        sum(lines)::bigint as lines,
        sum(units)::bigint as units,
        sum(sales) as sales,
        sum(sales_without_overlap) as sales_without_overlap,
        sum(goods_sold) as goods_sold,
        sum(goods_cancelled) as goods_cancelled,
        sum(goods_withdrawn) as goods_withdrawn,
        sum(other_sales) as other_sales,
        sum(orders_total)::bigint as orders_total,
        sum(orders_cancelled)::bigint as orders_cancelled,
        sum(orders_placed)::bigint as orders_placed,
        sum(orders)::bigint as orders,
        sum(cancellations)::bigint as cancellations,
        sum(cancelled_value) as cancelled_value,
        sum(active_customers)::bigint as active_customers,
        sum(new_customers)::bigint as new_customers,
        sum(existing_customers)::bigint as existing_customers,
        sum(customers_with_orders)::bigint as customers_with_orders,
        sum(new_or_back_customers)::bigint as new_or_back_customers,
        is_last_12_months,
        is_12_months_before,
        months_ago,
        month_name,
        complete_month_number
    from customer_month
    group by
        month,
        country,
        segment,
        segment_before_month,
        customer_type,
        is_complete_month,
        is_left_censored,
        is_last_12_months,
        is_12_months_before,
        months_ago,
        month_name,
        complete_month_number

),

-- The second copies of December 2010 are rows of their own, so that a chart of sales can show them apart.
parted as (

    select
        month,
        country,
        segment,
        segment_before_month,
        customer_type,
        false as is_second_copy,
        is_complete_month,
        is_left_censored,
        lines,
        units,
        sales_without_overlap as sales,
        sales_without_overlap,
        goods_sold,
        goods_cancelled,
        goods_withdrawn,
        other_sales,
        orders_total,
        orders_cancelled,
        orders_placed,
        orders,
        cancellations,
        cancelled_value,
        active_customers,
        new_customers,
        existing_customers,
        customers_with_orders,
        new_or_back_customers,
        is_last_12_months,
        is_12_months_before,
        months_ago,
        month_name,
        complete_month_number
    from grouped
    union all
    select
        month,
        country,
        segment,
        segment_before_month,
        customer_type,
        true as is_second_copy,
        is_complete_month,
        is_left_censored,
        0 as lines,
        0 as units,
        sales - sales_without_overlap as sales,
        0 as sales_without_overlap,
        0 as goods_sold,
        0 as goods_cancelled,
        0 as goods_withdrawn,
        0 as other_sales,
        0 as orders_total,
        0 as orders_cancelled,
        0 as orders_placed,
        0 as orders,
        0 as cancellations,
        0 as cancelled_value,
        0 as active_customers,
        0 as new_customers,
        0 as existing_customers,
        0 as customers_with_orders,
        case when new_or_back_customers is not null then 0 end as new_or_back_customers,
        is_last_12_months,
        is_12_months_before,
        months_ago,
        month_name,
        complete_month_number
    from grouped
    where sales <> sales_without_overlap

)

select
    parted.*,
    country.iso3 as country_code,
    country.region
from parted
left join country on parted.country = country.country
