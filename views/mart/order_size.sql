with

order_day as (

    select
        customer_id,
        units_sold,
        goods_sold
    from mart.order_day

),

size as (

    select
        name as order_size,
        least_units,
        lead(least_units) over (order by least_units) as below_units
    from list.order_sizes

),

ordered as (

    select
        customer_id,
        percentile_cont(0.5) within group (order by units_sold) as median_units,
        sum(goods_sold) / count(*) as goods_per_order_day
    from order_day
    group by customer_id

)

select
    ordered.customer_id,
    size.order_size,
    ordered.median_units,
    ordered.goods_per_order_day
from ordered
inner join size
    on
        ordered.median_units >= size.least_units
        and (size.below_units is null or ordered.median_units < size.below_units)
