with

trading_days as (

    select distinct invoice_at::date as date from warehouse.line

),

span as (

    select
        date_trunc('month', min(date))::date as first_day,
        (date_trunc('month', max(date)) + interval '1 month - 1 day')::date as last_day
    from trading_days

),

days as (

    select (span.first_day + offset_days)::date as date
    from span
    cross join generate_series(0, span.last_day - span.first_day) as offset_days

)

select
    days.date,
    date_trunc('month', days.date)::date as month,
    date_trunc('quarter', days.date)::date as quarter,
    date_part('year', days.date)::smallint as year,
    date_trunc('week', days.date)::date as week,
    date_part('isodow', days.date)::smallint as weekday,
    trading_days.date is not null as is_trading_day
from days
left join trading_days on days.date = trading_days.date
