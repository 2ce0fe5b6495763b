-- Every country has a row for each trading day, so that a mean per trading day divides by the days of the whole shop.
with

goods_hour as (

    select * from rollup.goods_hour

),

country as (

    select country from warehouse.country

),

sold as (

    select
        month,
        date,
        country,
        sum(goods_sold) as goods_sold,
        sum(units_sold)::bigint as units_sold,
        sum(orders)::bigint as orders
    from goods_hour
    group by month, date, country

),

trading_day as (

    select
        month,
        date
    from sold
    group by month, date
    having sum(goods_sold) > 0

)

select
    trading_day.month,
    trading_day.date,
    country.country,
    coalesce(sold.goods_sold, 0) as goods_sold,
    coalesce(sold.units_sold, 0) as units_sold,
    coalesce(sold.orders, 0) as orders
from trading_day
cross join country
left join sold
    on trading_day.month = sold.month and trading_day.date = sold.date and country.country = sold.country
