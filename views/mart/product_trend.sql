with

product_month as (

    select
        month,
        stock_code,
        goods_sold,
        goods_cancelled,
        units_sold,
        orders
    from mart.product_month

),

withdrawal as (

    select
        month,
        stock_code,
        goods_withdrawn
    from rollup.withdrawal

),

product as (

    select
        stock_code,
        product
    from warehouse.product

),

month as (

    select
        month,
        month_name,
        complete_month_number
    from rollup.month

),

sold as (

    select
        month,
        stock_code,
        trim_scale(sum(goods_sold)) as goods_sold,
        trim_scale(sum(goods_cancelled)) as goods_cancelled,
        sum(units_sold)::bigint as units_sold,
        sum(orders)::bigint as orders
    from product_month
    group by month, stock_code
    having sum(orders) > 0 or sum(goods_cancelled) <> 0

),

withdrawn as (

    select
        month,
        stock_code,
        sum(goods_withdrawn) as goods_withdrawn
    from withdrawal
    group by month, stock_code

)

select
    sold.month,
    sold.stock_code,
    product.product,
    sold.goods_sold,
    sold.goods_cancelled,
    trim_scale(sold.goods_cancelled - coalesce(withdrawn.goods_withdrawn, 0)) as goods_returned,
    sold.units_sold,
    sold.orders,
    month.month_name,
    month.complete_month_number
from sold
inner join month on sold.month = month.month
inner join product on sold.stock_code = product.stock_code
left join withdrawn on sold.month = withdrawn.month and sold.stock_code = withdrawn.stock_code
