with

rfm_history as not materialized (

    select
        month,
        customer_id,
        recency,
        r_score,
        f_score,
        segment_at_month_end,
        last_invoice_at
    from mart.rfm_history

),

month as (

    select
        month,
        month_before
    from rollup.month

),

segment as (

    select
        r_score,
        f_score,
        segment
    from rollup.segment

),

-- The recency that parts the scores at the end of the month before.
edge as (

    select
        month.month,
        month.month_before,
        before.recency
    from month
    cross join lateral (
        select percentile_cont(array[0.2, 0.4, 0.6, 0.8]) within group (order by rfm_history.recency) as recency
        from rfm_history
        where rfm_history.month = month.month_before
    ) as before

),

moved as (

    select
        edge.month,
        at_end.customer_id,
        before.segment_at_month_end as segment_before_month,
        at_end.segment_at_month_end,
        before.r_score as r_score_before_month,
        before.f_score as f_score_before_month,
        at_end.r_score,
        at_end.f_score,
        at_end.recency,
        at_end.last_invoice_at,
        at_end.last_invoice_at >= edge.month as has_bought,
        5
        - (at_end.recency > edge.recency[1])::integer
        - (at_end.recency > edge.recency[2])::integer
        - (at_end.recency > edge.recency[3])::integer
        - (at_end.recency > edge.recency[4])::integer as r_score_by_time
    from edge
    inner join rfm_history as at_end on edge.month = at_end.month
    inner join rfm_history as before
        on edge.month_before = before.month and at_end.customer_id = before.customer_id
    where before.segment_at_month_end <> at_end.segment_at_month_end

)

select
    moved.month,
    moved.customer_id,
    moved.segment_before_month,
    moved.segment_at_month_end,
    case
        when moved.has_bought then 'Bought'
        when by_time.segment = moved.segment_at_month_end then 'Time passed'
        when by_time.segment = moved.segment_before_month then 'Others moved the bar'
        else 'Both'
    end as moved_because,
    moved.r_score_before_month,
    moved.f_score_before_month,
    moved.r_score,
    moved.f_score,
    moved.recency,
    moved.last_invoice_at,
    1 as moves
from moved
inner join segment as by_time
    on moved.r_score_by_time = by_time.r_score and moved.f_score_before_month = by_time.f_score
