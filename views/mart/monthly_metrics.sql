with

month as (

    select * from rollup.month

),

invoice_month as (

    select * from rollup.invoice_month

),

withdrawal as (

    select * from rollup.withdrawal

),

customer as (

    select * from warehouse.customer

),

invoiced as (

    select
        month,
        count(*) filter (where is_counted) as orders_total,
        count(*) filter (where is_counted and is_cancellation) as orders_cancelled,
        count(*) filter (where is_order) as orders,
        count(*) filter (where is_cancellation_of_goods) as cancellations,
        sum(lines)::bigint as lines,
        sum(units)::bigint as units,
        sum(sales) as sales,
        sum(sales_without_overlap) as sales_without_overlap,
        sum(goods_sold) as goods_sold,
        sum(goods_cancelled) as goods_cancelled,
        coalesce(-sum(sales) filter (where is_cancellation), 0) as cancelled_value,
        coalesce(sum(sales) filter (where customer_id is null), 0) as guest_sales
    from invoice_month
    group by month

),

withdrawn as (

    select
        month,
        sum(goods_withdrawn) as goods_withdrawn
    from withdrawal
    group by month

),

withdrawn_orders as (

    select
        order_month as month,
        count(distinct order_no) as orders_withdrawn
    from withdrawal
    group by order_month

),

active as (

    select
        invoice_month.month,
        count(distinct customer.customer_id) as active_customers,
        count(distinct customer.customer_id) filter (where customer.first_month = invoice_month.month) as new_customers,
        count(distinct customer.customer_id) filter (where customer.first_month < invoice_month.month)
            as existing_customers,
        count(distinct customer.customer_id) filter (where invoice_month.is_order) as customers_with_orders
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
        invoiced.lines,
        invoiced.units,
        invoiced.sales_without_overlap,
        100 * (invoiced.sales_without_overlap / nullif(before.sales_without_overlap, 0) - 1)
            as sales_without_overlap_growth_pct,
        invoiced.goods_sold,
        invoiced.goods_cancelled,
        coalesce(withdrawn.goods_withdrawn, 0) as goods_withdrawn,
        invoiced.sales_without_overlap - invoiced.goods_sold + invoiced.goods_cancelled as other_sales,
        invoiced.orders,
        invoiced.cancellations,
        coalesce(withdrawn_orders.orders_withdrawn, 0) as orders_withdrawn,
        invoiced.cancelled_value,
        invoiced.guest_sales,
        coalesce(active.customers_with_orders, 0) as customers_with_orders,
        month.open_days,
        month.trading_days,
        month.missing_days,
        month.months_ago,
        month.month_name,
        month.complete_month_number
    from month
    inner join invoiced on month.month = invoiced.month
    left join withdrawn on month.month = withdrawn.month
    left join withdrawn_orders on month.month = withdrawn_orders.month
    left join active on month.month = active.month
    left join invoiced as before on month.month_before = before.month

)

select * from final
