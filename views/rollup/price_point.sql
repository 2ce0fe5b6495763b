with

price_month as (

    select * from rollup.price_month

),

point as (

    select
        stock_code,
        count(distinct unit_price) as price_points,
        min(unit_price) as lowest_price,
        max(unit_price) as highest_price
    from price_month
    group by stock_code

),

-- The usual price of a month is that of most lines; of several, that of most pieces, and then the lowest.
usual as (

    select distinct on (stock_code, month)
        stock_code,
        month,
        unit_price
    from price_month
    order by stock_code asc, month asc, lines desc, units_sold desc, unit_price asc

),

followed as (

    select
        *,
        lag(unit_price) over (partition by stock_code order by month) as unit_price_before
    from usual

),

changed as (

    select
        stock_code,
        (array_agg(unit_price order by month desc))[1] as usual_price,
        (array_agg(unit_price order by month))[1] as first_usual_price,
        count(*) filter (where unit_price <> unit_price_before) as price_changes,
        max(month) filter (where unit_price <> unit_price_before) as last_price_change
    from followed
    group by stock_code

)

select
    point.stock_code,
    point.price_points,
    point.lowest_price,
    point.highest_price,
    changed.usual_price,
    changed.first_usual_price,
    changed.price_changes,
    changed.last_price_change
from point
inner join changed on point.stock_code = changed.stock_code
