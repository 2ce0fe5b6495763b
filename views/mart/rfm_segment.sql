with

rfm_customer as (

    select * from mart.rfm_customer

),

segment as (

    select distinct
        segment,
        meaning
    from rollup.segment

),

grouped as (

    select
        segment,
        segment_order,
        count(*) as customers,
        avg(recency) as recency,
        avg(frequency) as frequency,
        avg(monetary) as monetary,
        sum(monetary) as monetary_total,
        sum(net_money) as net_money,
        count(*) filter (where took_everything_back = 'Yes') as customers_who_took_everything_back,
        min(advice) as advice
    from rfm_customer
    group by segment, segment_order

),

final as (

    select
        grouped.segment,
        grouped.segment_order,
        grouped.customers,
        grouped.recency,
        grouped.frequency,
        grouped.monetary,
        grouped.customers / sum(grouped.customers) over () as share_of_customers,
        grouped.net_money,
        grouped.net_money / grouped.customers as mean_net_money,
        grouped.net_money / nullif(sum(grouped.net_money) over (), 0) as share_of_net_money,
        grouped.monetary_total,
        grouped.monetary_total / sum(grouped.monetary_total) over () as share_of_monetary,
        grouped.customers_who_took_everything_back,
        segment.meaning,
        grouped.advice
    from grouped
    inner join segment on grouped.segment = segment.segment

)

select * from final
