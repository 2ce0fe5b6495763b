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

bought as (

    select
        invoice_month.customer_id,
        invoice_month.is_order,
        invoice_month.invoice_at::date as order_day,
        invoice_month.sales,
        invoice_month.goods_sold,
        invoice_month.goods_cancelled,
        invoice_month.rfm_amount_once,
        month.months_ago between 0 and 11 as is_last_12_months,
        month.months_ago between 12 and 23 as is_12_months_before,
        month.months_ago between 3 and 5 as is_quarter_before
    from invoice_month
    inner join month on invoice_month.month = month.month
    where invoice_month.customer_id is not null

),

sold as materialized (

    select
        customer_id,
        sum(sales) as sales,
        sum(rfm_amount_once) as monetary_once,
        sum(goods_sold) as goods_sold,
        sum(goods_cancelled) as goods_cancelled,
        count(distinct order_day) filter (where is_order) as order_days,
        min(order_day) filter (where is_order) as first_order_day,
        max(order_day) filter (where is_order) as last_order_day,
        coalesce(sum(goods_sold) filter (where is_last_12_months), 0) as goods_sold_last_12_months,
        coalesce(sum(goods_sold) filter (where is_12_months_before), 0) as goods_sold_12_months_before,
        count(distinct order_day) filter (where is_order and is_last_12_months) as order_days_last_12_months,
        count(distinct order_day) filter (where is_order and is_12_months_before) as order_days_12_months_before,
        coalesce(
            max(order_day) filter (where is_order) = max(order_day) filter (where is_order and is_quarter_before), false
        ) as has_stopped_buying
    from bought
    group by customer_id

),

newest as materialized (

    select history.*
    from history
    inner join month on history.month = month.month and month.is_last_month

),

edge as (

    select percentile_cont(array[0.2, 0.4, 0.6, 0.8]) within group (order by frequency) as frequency
    from newest

),

-- The rival of the frequency score: equal numbers of invoices share a score, as equal days of recency do.
scored as (

    select
        newest.*,
        1
        + (newest.frequency > edge.frequency[1])::integer
        + (newest.frequency > edge.frequency[2])::integer
        + (newest.frequency > edge.frequency[3])::integer
        + (newest.frequency > edge.frequency[4])::integer as f_score_without_ties
    from newest
    cross join edge

),

final as (

    select
        scored.customer_id,
        scored.as_of,
        scored.recency,
        scored.frequency,
        scored.monetary,
        scored.r_score,
        scored.f_score,
        scored.m_score,
        scored.rfm_score,
        segment.segment,
        segment.segment_order,
        customer.country as home_country,
        customer.first_month as cohort_month,
        scored.last_invoice_at,
        sold.sales,
        sold.monetary_once,
        sold.goods_sold,
        sold.goods_cancelled,
        sold.goods_sold - sold.goods_cancelled as net_money,
        case when sold.goods_sold - sold.goods_cancelled <= 0 then 'Yes' else 'No' end as took_everything_back,
        sold.order_days,
        sold.first_order_day,
        sold.last_order_day,
        sold.goods_sold_last_12_months,
        sold.goods_sold_12_months_before,
        sold.order_days_last_12_months,
        sold.order_days_12_months_before,
        case when sold.has_stopped_buying then 'Yes' else 'No' end as stopped_buying,
        sold.monetary_once / scored.frequency as mean_order_amount,
        without_ties.segment as segment_without_ties,
        segment.advice,
        1 as customers
    from scored
    inner join customer on scored.customer_id = customer.customer_id
    inner join sold on scored.customer_id = sold.customer_id
    inner join segment on scored.r_score = segment.r_score and scored.f_score = segment.f_score
    inner join segment as without_ties
        on scored.r_score = without_ties.r_score and scored.f_score_without_ties = without_ties.f_score

)

select * from final
