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
        sum(sales) as sales,
        sum(orders_placed) as orders_placed,
        sum(orders) as orders,
        sum(orders_cancelled) as orders_cancelled,
        sum(cancelled_value) as cancelled_value,
        sum(active_customers) as active_customers,
        sum(new_customers) as new_customers,
        sum(sales) filter (where customer_id is not null) as known_sales
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
        (1, 'Sales', 'GBP', monthly.sales),
        (2, 'Placed orders', 'invoices', monthly.orders_placed),
        (3, 'Cancelled orders', 'invoices', monthly.orders_cancelled),
        (4, 'Cancelled value', 'GBP', monthly.cancelled_value),
        (5, 'Active customers', 'customers', monthly.active_customers),
        (6, 'New customers', 'customers', monthly.new_customers),
        (7, 'Sales per customer', 'GBP', monthly.known_sales / nullif(monthly.active_customers, 0)),
        (8, 'Cancellation rate', 'percent', 100 * monthly.orders_cancelled / nullif(monthly.orders, 0))
    ) as listed (kpi_order, kpi, unit, value)

),

complete as (

    select measured.*
    from measured
    inner join month on measured.month = month.month and month.is_complete_month

),

final as (

    select
        complete.month,
        complete.kpi,
        complete.kpi_order,
        complete.unit,
        complete.value,
        month_before.value as month_before,
        100 * (complete.value / nullif(month_before.value, 0) - 1) as change_on_month_pct,
        year_before.value as year_before,
        100 * (complete.value / nullif(year_before.value, 0) - 1) as change_on_year_pct,
        month.months_ago = 0 as is_newest
    from complete
    inner join month on complete.month = month.month
    left join complete as month_before
        on month.month_before = month_before.month and complete.kpi = month_before.kpi
    left join complete as year_before
        on month.year_before = year_before.month and complete.kpi = year_before.kpi

)

select * from final
