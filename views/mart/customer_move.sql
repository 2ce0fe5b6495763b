with

segment_move as (

    select * from mart.segment_move

),

month as (

    select * from rollup.month

),

rfm_customer as (

    select * from mart.rfm_customer

)

select
    segment_move.month,
    segment_move.customer_id,
    segment_move.segment_before_month,
    segment_move.segment_at_month_end,
    segment_move.moved_because,
    rfm_customer.segment,
    segment_move.r_score_before_month,
    segment_move.f_score_before_month,
    segment_move.r_score,
    segment_move.f_score,
    segment_move.recency,
    segment_move.last_invoice_at,
    rfm_customer.home_country,
    rfm_customer.net_money,
    segment_move.moves,
    month.month_name,
    month.is_complete_month,
    month.complete_month_number
from segment_move
inner join month on segment_move.month = month.month
inner join rfm_customer on segment_move.customer_id = rfm_customer.customer_id
