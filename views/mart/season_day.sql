-- Every country has a row for each trading day, so that a mean per trading day divides by the days of the whole shop.
with

goods_hour as (

    select * from rollup.goods_hour

),

month as (

    select
        month,
        is_complete_month,
        month_name,
        complete_month_number
    from rollup.month

),

country as (

    select
        country,
        region
    from warehouse.country

),

sold as (

    select
        date,
        country,
        sum(goods_sold) as goods_sold,
        sum(units_sold)::bigint as units_sold,
        sum(orders)::bigint as orders
    from goods_hour
    group by date, country

),

trading_day as (

    select
        date,
        month
    from goods_hour
    group by date, month
    having sum(goods_sold) > 0

)

select
    trading_day.date,
    date_trunc('week', trading_day.date)::date as week,
    to_char(trading_day.date, '"W"IW') as iso_week,
    to_char(trading_day.date, 'ID FMDay') as weekday_name,
    trading_day.month,
    to_char(trading_day.date, 'MM FMMonth') as month_of_year,
    country.country,
    country.region,
    coalesce(sold.goods_sold, 0) as goods_sold,
    coalesce(sold.units_sold, 0) as units_sold,
    coalesce(sold.orders, 0) as orders,
    month.is_complete_month,
    month.month_name,
    month.complete_month_number
from trading_day
cross join country
inner join month on trading_day.month = month.month
left join sold on trading_day.date = sold.date and country.country = sold.country
