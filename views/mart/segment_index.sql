with

product_buyers as (

    select * from mart.product_buyers

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
    stock_code,
    product,
    segment,
    customers,
    customers_of_all::bigint as customers_of_all,
    goods_sold,
    goods_sold_last_12_months,
    share_of_segment,
    share_of_all,
    case when customers >= 20 then share_of_segment / nullif(share_of_all, 0) end as segment_index
from share
