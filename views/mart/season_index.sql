-- A year is twelve complete months, counted back from the newest complete one; a year that lacks one is left out.
with

goods_hour as (

    select * from rollup.goods_hour

),

month as (

    select
        month,
        months_ago,
        is_complete_month
    from rollup.month

),

year as (

    select
        (months_ago / 12)::integer as years_ago,
        to_char(min(month), 'Mon YYYY') || ' to ' || to_char(max(month), 'Mon YYYY') as year_name
    from month
    where months_ago >= 0
    group by (months_ago / 12)::integer
    having count(*) filter (where is_complete_month) = 12

),

day as (

    select
        goods_hour.date,
        year.years_ago,
        year.year_name,
        sum(goods_hour.goods_sold) as goods_sold
    from goods_hour
    inner join month on goods_hour.month = month.month and month.months_ago >= 0
    inner join year on (month.months_ago / 12)::integer = year.years_ago
    group by goods_hour.date, year.years_ago, year.year_name
    having sum(goods_hour.goods_sold) > 0

),

placed as (

    select
        day.*,
        placed.kind,
        placed.period_number,
        placed.period
    from day
    cross join lateral (
        values
        ('Month', date_part('month', day.date)::integer, to_char(day.date, 'MM FMMonth')),
        ('Week', date_part('week', day.date)::integer, to_char(day.date, '"W"IW')),
        ('Weekday', date_part('isodow', day.date)::integer, to_char(day.date, 'ID FMDay'))
    ) as placed (kind, period_number, period)

),

mean as (

    select
        years_ago,
        sum(goods_sold) / count(*) as mean_of_year,
        count(*) over () as years_held
    from day
    group by years_ago

),

compared as (

    select
        placed.kind,
        placed.period_number,
        placed.period,
        placed.years_ago,
        placed.year_name,
        count(*) as trading_days,
        sum(placed.goods_sold) as goods_sold,
        sum(placed.goods_sold) / count(*) as goods_per_trading_day,
        mean.mean_of_year,
        sum(placed.goods_sold) / count(*) / mean.mean_of_year as season_index,
        mean.years_held
    from placed
    inner join mean on placed.years_ago = mean.years_ago
    group by
        placed.kind,
        placed.period_number,
        placed.period,
        placed.years_ago,
        placed.year_name,
        mean.mean_of_year,
        mean.years_held

)

select
    kind,
    period,
    period_number,
    years_ago,
    year_name,
    trading_days,
    goods_sold,
    goods_per_trading_day,
    mean_of_year,
    season_index,
    years_held::integer as years_held,
    count(*) over same_period = years_held as is_in_every_year,
    count(*) over same_period = years_held and max(season_index) over same_period < 0.8 as is_low
from compared
window same_period as (partition by kind, period)
