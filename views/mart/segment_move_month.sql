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

moved as (

    select
        month,
        segment_before_month,
        segment_at_month_end,
        moved_because,
        count(*) as moves
    from segment_move
    group by month, segment_before_month, segment_at_month_end, moved_because

)

select
    moved.month,
    moved.segment_before_month,
    moved.segment_at_month_end,
    moved.moved_because,
    moved.moves,
    month.month_name,
    month.is_complete_month,
    month.complete_month_number
from moved
inner join month on moved.month = month.month
