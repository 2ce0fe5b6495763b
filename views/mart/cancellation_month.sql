with

line as (

    select * from warehouse.line

),

month as (

    select * from rollup.month

),

product as (

    select * from warehouse.product

),

product_month as (

    select * from mart.product_month

),

cancelled as (

    select
        month,
        country,
        stock_code,
        count(distinct invoice_no) as orders_cancelled,
        -sum(quantity) as units_cancelled,
        -sum(amount) as cancelled_value
    from line
    where invoice_no like 'C%'
    group by month, country, stock_code

),

ordered as (

    select
        month,
        country,
        stock_code,
        sum(orders)::bigint as orders
    from product_month
    group by month, country, stock_code

),

final as (

    select
        cancelled.month,
        cancelled.country,
        cancelled.stock_code,
        product.product,
        product.is_product,
        cancelled.orders_cancelled,
        cancelled.units_cancelled,
        cancelled.cancelled_value,
        ordered.orders,
        cancelled.orders_cancelled::numeric / nullif(ordered.orders, 0) as cancellation_rate,
        month.is_complete_month,
        month.months_ago between 0 and 11 as is_last_12_months,
        month.months_ago between 12 and 23 as is_12_months_before
    from cancelled
    inner join month on cancelled.month = month.month
    inner join ordered
        on
            cancelled.month = ordered.month
            and cancelled.country = ordered.country
            and cancelled.stock_code = ordered.stock_code
    left join product on cancelled.stock_code = product.stock_code

)

select * from final
