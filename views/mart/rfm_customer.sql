with

history as (

    select * from mart.rfm_history

),

month as (

    select * from rollup.month

),

invoice_month as (

    select * from rollup.invoice_month

),

customer as (

    select * from warehouse.customer

),

segment as (

    select * from rollup.segment

),

sold as (

    select
        customer_id,
        sum(sales) as sales
    from invoice_month
    where customer_id is not null
    group by customer_id

),

final as (

    select
        history.customer_id,
        history.as_of,
        history.recency,
        history.frequency,
        history.monetary,
        history.r_score,
        history.f_score,
        history.m_score,
        history.rfm_score,
        segment.segment,
        segment.segment_order,
        customer.country as home_country,
        customer.first_month as cohort_month,
        history.last_invoice_at,
        sold.sales,
        history.monetary / history.frequency as mean_order_amount,
        segment.advice,
        1 as customers
    from history
    inner join month on history.month = month.month and month.is_last_month
    inner join customer on history.customer_id = customer.customer_id
    inner join sold on history.customer_id = sold.customer_id
    inner join segment on history.r_score = segment.r_score and history.f_score = segment.f_score

)

select * from final
