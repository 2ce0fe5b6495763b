with

rfm_history as (

    select * from mart.rfm_history

),

month as (

    select * from rollup.month

),

customer as (

    select * from warehouse.customer

)

select
    rfm_history.month,
    rfm_history.segment_at_month_end,
    customer.country as home_country,
    count(*) as customers_at_month_end,
    sum(rfm_history.monetary) as monetary_at_month_end,
    case when month.months_ago = 0 then count(*) else 0 end as customers_at_newest_month_end,
    case when month.months_ago = 12 then count(*) else 0 end as customers_a_year_before,
    month.months_ago,
    month.month_name,
    month.complete_month_number
from rfm_history
inner join month on rfm_history.month = month.month
inner join customer on rfm_history.customer_id = customer.customer_id
group by
    rfm_history.month,
    rfm_history.segment_at_month_end,
    customer.country,
    month.months_ago,
    month.month_name,
    month.complete_month_number
