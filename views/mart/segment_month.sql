with

rfm_history as (

    select * from mart.rfm_history

),

customer as (

    select * from warehouse.customer

)

select
    rfm_history.month,
    rfm_history.segment_at_month_end,
    customer.country as home_country,
    count(*) as customers_at_month_end,
    sum(rfm_history.monetary) as monetary_at_month_end
from rfm_history
inner join customer on rfm_history.customer_id = customer.customer_id
group by rfm_history.month, rfm_history.segment_at_month_end, customer.country
