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

)

select
    goods_hour.date,
    goods_hour.hour,
    to_char(goods_hour.hour, 'FM00') || ':00' as hour_name,
    to_char(goods_hour.date, 'ID FMDay') as weekday_name,
    goods_hour.month,
    goods_hour.country,
    country.region,
    goods_hour.goods_sold,
    goods_hour.units_sold,
    goods_hour.orders,
    month.is_complete_month,
    month.month_name,
    month.complete_month_number
from goods_hour
inner join month on goods_hour.month = month.month
left join country on goods_hour.country = country.country
