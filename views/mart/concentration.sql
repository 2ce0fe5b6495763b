with

rfm_customer as (

    select * from mart.rfm_customer

),

bought as (

    select
        rfm_customer.customer_id,
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
        row_number() over (partition by period order by goods desc, customer_id asc) as place,
        count(*) over (partition by period) as customers_in_all,
        sum(goods) over (partition by period) as goods_in_all,
        sum(goods) over (partition by period order by goods desc, customer_id asc rows unbounded preceding)
            as goods_so_far
    from bought

),

placed as (

    select
        ranked.*,
        top.top,
        case
            when top.share is null then ranked.goods_so_far - ranked.goods < ranked.goods_in_all / 2
            else ranked.place <= ceil(top.share * ranked.customers_in_all)
        end as is_in_top
    from ranked
    cross join (
        values ('1 Top 1%', 0.01), ('2 Top 5%', 0.05), ('3 Top 20%', 0.2), ('4 Half of all', null)
    ) as top (top, share)

)

select
    period,
    top,
    count(*) as customers,
    max(customers_in_all) as customers_in_all,
    sum(goods) as goods_of_top,
    max(goods_in_all) as goods_in_all,
    min(goods) as least_goods
from placed
where is_in_top
group by period, top
