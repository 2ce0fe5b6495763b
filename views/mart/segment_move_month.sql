with

segment_move as (

    select
        month,
        customer_id,
        segment_before_month,
        segment_at_month_end,
        moved_because
    from mart.segment_move

),

month as (

    select
        month,
        month_name,
        is_complete_month,
        complete_month_number
    from rollup.month

),

customer as (

    select
        customer_id,
        country
    from warehouse.customer

),

moved as (

    select
        segment_move.month,
        segment_move.segment_before_month,
        segment_move.segment_at_month_end,
        segment_move.moved_because,
        customer.country as home_country,
        count(*) as moves
    from segment_move
    inner join customer on segment_move.customer_id = customer.customer_id
    group by
        segment_move.month,
        segment_move.segment_before_month,
        segment_move.segment_at_month_end,
        segment_move.moved_because,
        customer.country

)

select
    moved.month,
    moved.segment_before_month,
    moved.segment_at_month_end,
    moved.moved_because,
    moved.home_country,
    moved.moves,
    month.month_name,
    month.is_complete_month,
    month.complete_month_number
from moved
inner join month on moved.month = month.month
