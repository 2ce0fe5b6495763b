-- Low weeks that follow one another are one low season. The next one is looked for from the day after the newest line.
with

season_index as (

    select * from mart.season_index

),

month as (

    select * from rollup.month

),

today as (

    select max(last_line_at)::date + 1 as today
    from month

),

low_week as (

    select
        period_number,
        sum(goods_sold) as goods_sold,
        sum(trading_days) as trading_days,
        sum(mean_of_year * trading_days) as as_on_average,
        min(season_index) as lowest_index,
        max(season_index) as highest_index
    from season_index
    where kind = 'Week' and is_low
    group by period_number

),

numbered as (

    select
        *,
        period_number - row_number() over (order by period_number) as stretch
    from low_week

),

season as (

    select
        min(period_number) as first_week,
        max(period_number) as last_week,
        count(*) as weeks,
        sum(goods_sold) / sum(trading_days) as goods_per_trading_day,
        sum(goods_sold) / sum(as_on_average) as season_index,
        min(lowest_index) as lowest_index,
        max(highest_index) as highest_index
    from numbered
    group by stretch

),

dated as (

    select
        season.*,
        today.today,
        to_date(year.year || to_char(season.first_week, 'FM00'), 'IYYYIW') as first_day,
        to_date(year.year || to_char(season.last_week, 'FM00'), 'IYYYIW') + 6 as last_day
    from season
    cross join today
    cross join lateral generate_series(
        date_part('isoyear', today.today)::integer, date_part('isoyear', today.today)::integer + 1
    ) as year (year)

),

upcoming as (

    select distinct on (first_week) *
    from dated
    where last_day >= today
    order by first_week asc, first_day asc

)

select
    to_char(first_week, '"W"FM00') as first_week,
    to_char(last_week, '"W"FM00') as last_week,
    weeks,
    goods_per_trading_day,
    season_index,
    lowest_index,
    highest_index,
    first_day as next_first_day,
    last_day as next_last_day,
    greatest(ceil((first_day - today) / 7.0), 0)::integer as weeks_to_go,
    first_day = min(first_day) over () as is_next
from upcoming
