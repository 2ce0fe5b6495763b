with

rfm_customer as (

    select * from mart.rfm_customer

),

bought as (

    select
        rfm_customer.customer_id,
        rfm_customer.segment,
        bought.period,
        bought.goods
    from rfm_customer
    cross join
        lateral (
            values
            ('1 Last 12 complete months', rfm_customer.goods_sold_last_12_months),
            ('2 12 months before', rfm_customer.goods_sold_12_months_before),
            ('3 All time', rfm_customer.goods_sold)
        ) as bought (period, goods)
    where bought.goods > 0

),

ranked as (

    select
        *,
        sum(goods) over (partition by period) as goods_in_all,
        sum(goods) over (partition by period order by goods desc, customer_id asc rows unbounded preceding)
            as goods_so_far
    from bought

)

select
    period,
    segment,
    count(*) as customers,
    sum(goods) as goods,
    count(*) filter (where goods_so_far - goods < goods_in_all / 2) as customers_of_half,
    coalesce(sum(goods) filter (where goods_so_far - goods < goods_in_all / 2), 0) as goods_of_half
from ranked
group by period, segment
