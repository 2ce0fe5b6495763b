with

product_buyers as (

    select * from mart.product_buyers

),

product_performance as (

    select
        stock_code,
        popularity_rank
    from mart.product_performance

),

total as (

    select
        *,
        sum(goods_sold) over (partition by segment) as goods_of_segment,
        sum(goods_sold) over (partition by stock_code) as goods_of_product,
        sum(goods_sold) over () as goods_of_all,
        sum(customers) over (partition by stock_code) as customers_of_all
    from product_buyers

),

share as (

    select
        *,
        goods_sold / nullif(goods_of_segment, 0) as share_of_segment,
        goods_of_product / nullif(goods_of_all, 0) as share_of_all
    from total

)

select
    share.stock_code,
    share.product,
    product_performance.popularity_rank,
    share.segment,
    share.customers,
    share.customers_of_all::bigint as customers_of_all,
    share.goods_sold,
    share.goods_sold_last_12_months,
    share.share_of_segment,
    share.share_of_all,
    case when share.customers >= 20 then share.share_of_segment / nullif(share.share_of_all, 0) end as segment_index
from share
inner join product_performance on share.stock_code = product_performance.stock_code
