with

invoice_month as (

    select * from rollup.invoice_month

),

month as (

    select * from rollup.month

),

customer as (

    select * from warehouse.customer

),

rfm_customer as (

    select * from mart.rfm_customer

),

rfm_history as (

    select * from mart.rfm_history

),

bought as (

    select
        month,
        country,
        customer_id,
        min(invoice_at) as first_invoice_at,
        sum(lines)::bigint as lines,
        sum(units)::bigint as units,
        sum(sales) as sales,
        sum(sales_without_overlap) as sales_without_overlap,
        count(*) filter (where is_counted) as orders_total,
        count(*) filter (where is_counted and is_cancellation) as orders_cancelled,
        count(*) filter (where is_counted and not is_cancellation) as orders,
        coalesce(-sum(sales) filter (where is_cancellation), 0) as cancelled_value
    from invoice_month
    group by month, country, customer_id

),

known as (

    select
        bought.*,
        customer.first_month as cohort_month,
        customer.first_month = bought.month as is_new,
        (
            row_number() over (
                partition by bought.month, bought.customer_id order by bought.first_invoice_at, bought.country
            ) = 1
            and bought.customer_id is not null
        )::integer as active_customers
    from bought
    left join customer on bought.customer_id = customer.customer_id

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
            else coalesce(rfm_history.segment_at_month_end, 'Not scored')
        end as segment_at_month_end,
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
        known.orders_total,
        known.orders_cancelled,
        known.orders_total - 2 * known.orders_cancelled as orders_placed,
        known.orders,
        known.cancelled_value,
        known.active_customers,
        case when known.is_new then known.active_customers else 0 end as new_customers,
        case when known.is_new then 0 else known.active_customers end as existing_customers,
        month.months_ago between 0 and 11 as is_last_12_months,
        month.months_ago between 12 and 23 as is_12_months_before,
        month.months_ago
    from known
    inner join month on known.month = month.month
    left join rfm_customer on known.customer_id = rfm_customer.customer_id
    left join rfm_history on known.customer_id = rfm_history.customer_id and known.month = rfm_history.month

)

select * from final
