with

month as (

    select * from rollup.month

),

invoice_month as (

    select * from rollup.invoice_month

),

customer as (

    select * from warehouse.customer

),

invoiced as (

    select
        month,
        count(*) filter (where is_counted) as orders_total,
        count(*) filter (where is_counted and is_cancellation) as orders_cancelled,
        count(*) filter (where is_counted and not is_cancellation) as orders,
        sum(lines)::bigint as lines,
        sum(units)::bigint as units,
        sum(sales) as sales,
        sum(sales_without_overlap) as sales_without_overlap,
        coalesce(-sum(sales) filter (where is_cancellation), 0) as cancelled_value,
        coalesce(sum(sales) filter (where customer_id is null), 0) as guest_sales
    from invoice_month
    group by month

),

active as (

    select
        invoice_month.month,
        count(distinct customer.customer_id) as active_customers,
        count(distinct customer.customer_id) filter (where customer.first_month = invoice_month.month) as new_customers,
        count(distinct customer.customer_id) filter (where customer.first_month < invoice_month.month)
            as existing_customers
    from invoice_month
    inner join customer on invoice_month.customer_id = customer.customer_id
    group by invoice_month.month

),

final as (

    select
        month.month,
        invoiced.orders_total,
        invoiced.orders_cancelled,
        invoiced.orders_total - 2 * invoiced.orders_cancelled as orders_placed,
        invoiced.sales,
        100 * (invoiced.sales / nullif(before.sales, 0) - 1) as sales_growth_pct,
        coalesce(active.active_customers, 0) as active_customers,
        coalesce(active.new_customers, 0) as new_customers,
        coalesce(active.existing_customers, 0) as existing_customers,
        month.is_complete_month,
        month.is_first_month as is_left_censored,
        invoiced.orders,
        invoiced.lines,
        invoiced.units,
        invoiced.sales_without_overlap,
        100 * (invoiced.sales_without_overlap / nullif(before.sales_without_overlap, 0) - 1)
            as sales_without_overlap_growth_pct,
        invoiced.cancelled_value,
        invoiced.guest_sales
    from month
    inner join invoiced on month.month = invoiced.month
    left join active on month.month = active.month
    left join invoiced as before on month.month_before = before.month

)

select * from final
