with

invoice_month as (

    select * from rollup.invoice_month

),

month as (

    select
        month,
        month_before,
        is_complete_month,
        is_first_month,
        months_of_history,
        months_ago,
        month_name,
        complete_month_number
    from rollup.month

),

withdrawal as (

    select * from rollup.withdrawal

),

customer as (

    select
        customer_id,
        first_month
    from warehouse.customer

),

rfm_customer as (

    select
        customer_id,
        segment
    from mart.rfm_customer

),

rfm_history as (

    select
        month,
        customer_id,
        segment_at_month_end
    from mart.rfm_history

),

bought as (

    select
        month,
        country,
        customer_id,
        min(invoice_at) as first_invoice_at,
        min(invoice_at) filter (where is_order) as first_order_at,
        sum(lines)::bigint as lines,
        sum(units)::bigint as units,
        sum(sales) as sales,
        sum(sales_without_overlap) as sales_without_overlap,
        sum(goods_sold) as goods_sold,
        sum(goods_cancelled) as goods_cancelled,
        count(*) filter (where is_counted) as orders_total,
        count(*) filter (where is_counted and is_cancellation) as orders_cancelled,
        count(*) filter (where is_order) as orders,
        count(*) filter (where is_cancellation_of_goods) as cancellations,
        coalesce(-sum(sales) filter (where is_cancellation), 0) as cancelled_value
    from invoice_month
    group by month, country, customer_id

),

withdrawn as (

    select
        month,
        country,
        customer_id,
        sum(goods_withdrawn) as goods_withdrawn
    from withdrawal
    group by month, country, customer_id

),

ordered as (

    select
        customer_id,
        month,
        lag(month) over (partition by customer_id order by month) as month_of_order_before
    from bought
    where orders > 0 and customer_id is not null
    group by customer_id, month

),

known as (

    select
        bought.*,
        customer.first_month as cohort_month,
        customer.first_month = bought.month as is_new,
        coalesce(
            ordered.month_of_order_before is null
            or ordered.month_of_order_before < bought.month - interval '11 months',
            false
        ) as is_new_or_back,
        (
            row_number() over (
                partition by bought.month, bought.customer_id order by bought.first_invoice_at, bought.country
            ) = 1
            and bought.customer_id is not null
        )::integer as active_customers,
        (
            row_number() over (
                partition by bought.month, bought.customer_id order by bought.first_order_at, bought.country
            ) = 1
            and bought.customer_id is not null
            and bought.orders > 0
        )::integer as customers_with_orders
    from bought
    left join customer on bought.customer_id = customer.customer_id
    left join ordered on bought.customer_id = ordered.customer_id and bought.month = ordered.month

),

final as (

    select
        known.month,
        known.country,
        coalesce(known.customer_id::text, 'Guests') as customer,
        known.customer_id,
        case
            when known.customer_id is null then 'Guests'
            else coalesce(rfm_customer.segment, 'Not scored')
        end as segment,
        case
            when known.customer_id is null then 'Guests'
            else coalesce(at_month_end.segment_at_month_end, 'Not scored')
        end as segment_at_month_end,
        case
            when known.customer_id is null then 'Guests'
            else coalesce(before_month.segment_at_month_end, 'No order before')
        end as segment_before_month,
        case
            when known.customer_id is null then 'Guest'
            when known.is_new then 'New'
            else 'Existing'
        end as customer_type,
        known.cohort_month,
        (
            12 * (extract(year from known.month) - extract(year from known.cohort_month))
            + extract(month from known.month) - extract(month from known.cohort_month)
        )::integer as months_since_first,
        month.is_complete_month,
        month.is_first_month as is_left_censored,
        known.lines,
        known.units,
        known.sales,
        known.sales_without_overlap,
        known.goods_sold,
        known.goods_cancelled,
        known.goods_sold - known.goods_cancelled as net_goods,
        coalesce(withdrawn.goods_withdrawn, 0) as goods_withdrawn,
        known.sales_without_overlap - known.goods_sold + known.goods_cancelled as other_sales,
        known.orders_total,
        known.orders_cancelled,
        known.orders_total - 2 * known.orders_cancelled as orders_placed,
        known.orders,
        known.cancellations,
        known.cancelled_value,
        known.active_customers,
        case when known.is_new then known.active_customers else 0 end as new_customers,
        case when known.is_new then 0 else known.active_customers end as existing_customers,
        known.customers_with_orders,
        case
            when month.months_of_history >= 11
                then case when known.is_new_or_back then known.customers_with_orders else 0 end
        end as new_or_back_customers,
        month.months_ago between 0 and 11 as is_last_12_months,
        month.months_ago between 12 and 23 as is_12_months_before,
        month.months_ago,
        month.month_name,
        month.complete_month_number
    from known
    inner join month on known.month = month.month
    left join withdrawn
        on
            known.month = withdrawn.month
            and known.country = withdrawn.country
            and known.customer_id = withdrawn.customer_id
    left join rfm_customer on known.customer_id = rfm_customer.customer_id
    left join rfm_history as at_month_end
        on known.customer_id = at_month_end.customer_id and known.month = at_month_end.month
    left join rfm_history as before_month
        on known.customer_id = before_month.customer_id and month.month_before = before_month.month

)

select * from final
