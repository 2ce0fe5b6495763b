with

rfm_history as (

    select
        month,
        customer_id,
        as_of,
        segment_at_month_end
    from mart.rfm_history

),

customer_outcome as (

    select
        month,
        customer_id,
        days_to_order,
        goods_within_30_days,
        goods_within_90_days,
        goods_within_180_days
    from mart.customer_outcome

),

customer as (

    select
        customer_id,
        country
    from warehouse.customer

)

select
    rfm_history.month,
    rfm_history.as_of,
    rfm_history.segment_at_month_end,
    customer.country as home_country,
    count(*) as customers_at_month_end,
    count(*) filter (where customer_outcome.days_to_order < 30) as ordered_within_30_days,
    count(*) filter (where customer_outcome.days_to_order < 90) as ordered_within_90_days,
    count(customer_outcome.days_to_order) as ordered_within_180_days,
    coalesce(sum(customer_outcome.goods_within_30_days), 0) as goods_within_30_days,
    coalesce(sum(customer_outcome.goods_within_90_days), 0) as goods_within_90_days,
    coalesce(sum(customer_outcome.goods_within_180_days), 0) as goods_within_180_days
from rfm_history
inner join customer on rfm_history.customer_id = customer.customer_id
left join customer_outcome
    on rfm_history.month = customer_outcome.month and rfm_history.customer_id = customer_outcome.customer_id
group by rfm_history.month, rfm_history.as_of, rfm_history.segment_at_month_end, customer.country
