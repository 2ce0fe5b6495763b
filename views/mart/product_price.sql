with

price_month as (

    select * from rollup.price_month

),

product as (

    select
        stock_code,
        product
    from warehouse.product

)

select
    price_month.stock_code,
    product.product,
    price_month.unit_price,
    min(price_month.month) as first_month,
    max(price_month.month) as last_month,
    sum(price_month.lines)::bigint as lines,
    sum(price_month.units_sold)::bigint as units_sold,
    trim_scale(sum(price_month.goods_sold)) as goods_sold
from price_month
inner join product on price_month.stock_code = product.stock_code
group by price_month.stock_code, product.product, price_month.unit_price
