with

goods_day as (

    select * from rollup.goods_day

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
    goods_day.date,
    date_trunc('week', goods_day.date)::date as week,
    to_char(goods_day.date, '"W"IW') as iso_week,
    to_char(goods_day.date, 'ID FMDay') as weekday_name,
    goods_day.month,
    to_char(goods_day.date, 'MM FMMonth') as month_of_year,
    goods_day.country,
    country.region,
    goods_day.goods_sold,
    goods_day.units_sold,
    goods_day.orders,
    month.is_complete_month,
    month.month_name,
    month.complete_month_number
from goods_day
inner join month on goods_day.month = month.month
left join country on goods_day.country = country.country
