-- Each day of the months with lines: whether the shop was open, whether lines were expected, and whether it is over.
-- A shop that trades on nine open days out of ten in its usual month trades daily: then a day without a line is a hole.
with

traded as (

    select
        day as date,
        last_line_at
    from warehouse.day

),

span as (

    select
        date_trunc('month', min(date))::date as first_day,
        (date_trunc('month', max(date)) + interval '1 month - 1 day')::date as last_day,
        max(date) as newest_day,
        max(last_line_at)::time as newest_time
    from traded

),

closed as (

    select * from unnest(%(date)s::date[], %(reason)s::text[]) as c (date, reason)

),

days as (

    select
        (span.first_day + offset_days)::date as date,
        span.newest_day,
        span.newest_time
    from span
    cross join generate_series(0, span.last_day - span.first_day) as offset_days

),

judged as (

    select
        days.date,
        date_trunc('month', days.date)::date as month,
        traded.date is not null as is_trading_day,
        closed.date is null as is_open,
        closed.reason as closed_because,
        days.date < days.newest_day
        or (days.date = days.newest_day and days.newest_time >= %(last_orders_from)s::time) as is_over
    from days
    left join traded on days.date = traded.date
    left join closed on days.date = closed.date

),

traded_months as (

    select
        month,
        avg(is_trading_day::integer) as share
    from judged
    where is_open and is_over
    group by month

),

daily as (

    select coalesce(percentile_cont(0.5) within group (order by share) >= 0.9, false) as trades_daily
    from traded_months

)

select
    judged.date,
    judged.month,
    date_trunc('quarter', judged.date)::date as quarter,
    date_part('year', judged.date)::smallint as year,
    date_trunc('week', judged.date)::date as week,
    date_part('isodow', judged.date)::smallint as weekday,
    judged.is_trading_day,
    judged.is_open,
    judged.closed_because,
    judged.is_open and daily.trades_daily as is_expected,
    judged.is_over
from judged
cross join daily
