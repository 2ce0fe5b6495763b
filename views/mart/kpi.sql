with

month as (

    select * from rollup.month

),

customer_month as (

    select * from mart.customer_month

),

monthly as (

    select
        month,
        sum(sales_without_overlap) as sales_without_overlap,
        sum(goods_sold) as goods_sold,
        sum(goods_cancelled) as goods_cancelled,
        sum(goods_withdrawn) as goods_withdrawn,
        sum(orders) as orders,
        sum(cancellations) as cancellations,
        sum(active_customers) as active_customers,
        sum(customers_with_orders) as customers_with_orders,
        sum(new_or_back_customers) as new_or_back_customers,
        sum(goods_sold - goods_withdrawn) as goods_bought,
        sum(goods_sold - goods_withdrawn) filter (where customer_id is not null) as known_goods_bought
    from customer_month
    group by month

),

measured as (

    select
        monthly.month,
        listed.kpi_order,
        listed.kpi,
        listed.unit,
        listed.value
    from monthly
    cross join lateral (
        values
        (1, 'Sales without duplicates', '$currency', monthly.sales_without_overlap),
        (2, 'Goods sold', '$currency', monthly.goods_sold),
        (3, 'Orders', 'orders', monthly.orders),
        (4, 'Cancellations of goods', 'invoices', monthly.cancellations),
        (5, 'Returned goods', '$currency', monthly.goods_cancelled - monthly.goods_withdrawn),
        (6, 'Customers who ordered', 'customers', monthly.customers_with_orders),
        (7, 'New or back after 11 months', 'customers', monthly.new_or_back_customers),
        (8, 'Goods bought per order', '$currency', monthly.goods_bought / nullif(monthly.orders, 0)),
        (
            9, 'Goods bought per customer', '$currency',
            monthly.known_goods_bought / nullif(monthly.customers_with_orders, 0)
        ),
        (10, 'Cancellation rate', 'fraction', monthly.cancellations / nullif(monthly.orders, 0))
    ) as listed (kpi_order, kpi, unit, value)

),

complete as (

    select measured.*
    from measured
    inner join month on measured.month = month.month and month.is_complete_month
    where measured.value is not null

),

final as (

    select
        complete.month,
        complete.kpi,
        complete.kpi_order,
        complete.unit,
        complete.value,
        month_before.value as month_before,
        complete.value / nullif(month_before.value, 0) - 1 as change_on_month,
        year_before.value as year_before,
        complete.value / nullif(year_before.value, 0) - 1 as change_on_year,
        month.months_ago = 0 as is_newest,
        month.month_name,
        month.complete_month_number
    from complete
    inner join month on complete.month = month.month
    left join complete as month_before
        on month.month_before = month_before.month and complete.kpi = month_before.kpi
    left join complete as year_before
        on month.year_before = year_before.month and complete.kpi = year_before.kpi

)

select * from final
