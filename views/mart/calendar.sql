with

calendar as (

    select * from warehouse.calendar

),

month as (

    select * from rollup.month

)

select
    calendar.date,
    calendar.week,
    calendar.month,
    calendar.quarter,
    calendar.year,
    calendar.weekday,
    calendar.is_open,
    calendar.closed_because,
    calendar.is_trading_day,
    month.is_complete_month,
    month.months_ago,
    month.complete_month_number
from calendar
left join month on calendar.month = month.month
