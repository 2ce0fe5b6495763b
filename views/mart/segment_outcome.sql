with

follow_up as (

    select * from mart.segment_follow_up

),

coverage as (

    select last_whole_day from mart.coverage

),

month as (

    select * from rollup.month

),

segment as (

    select distinct
        segment,
        segment_order,
        advice
    from rollup.segment

),

held as (

    select
        follow_up.*,
        follow_up.as_of + 29 <= coverage.last_whole_day as is_over_30_days,
        follow_up.as_of + 89 <= coverage.last_whole_day as is_over_90_days,
        follow_up.as_of + 179 <= coverage.last_whole_day as is_over_180_days
    from follow_up
    cross join coverage

)

select
    held.month,
    held.as_of,
    held.segment_at_month_end,
    segment.segment_order,
    segment.advice,
    held.home_country,
    held.customers_at_month_end,
    case when held.is_over_30_days then held.customers_at_month_end else 0 end as known_30_days,
    case when held.is_over_90_days then held.customers_at_month_end else 0 end as known_90_days,
    case when held.is_over_180_days then held.customers_at_month_end else 0 end as known_180_days,
    case when held.is_over_30_days then held.ordered_within_30_days end as ordered_within_30_days,
    case when held.is_over_90_days then held.ordered_within_90_days end as ordered_within_90_days,
    case when held.is_over_180_days then held.ordered_within_180_days end as ordered_within_180_days,
    case when held.is_over_30_days then held.goods_within_30_days end as goods_within_30_days,
    case when held.is_over_90_days then held.goods_within_90_days end as goods_within_90_days,
    case when held.is_over_180_days then held.goods_within_180_days end as goods_within_180_days,
    case when held.is_over_30_days then 0 else held.customers_at_month_end end as not_over_30_days,
    case when held.is_over_90_days then 0 else held.customers_at_month_end end as not_over_90_days,
    case when held.is_over_180_days then 0 else held.customers_at_month_end end as not_over_180_days,
    month.month_name,
    month.is_complete_month,
    month.complete_month_number
from held
inner join month on held.month = month.month
inner join segment on held.segment_at_month_end = segment.segment
