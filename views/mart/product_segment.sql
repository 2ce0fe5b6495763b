with

product_month as (

    select * from mart.product_month

),

month as (

    select
        month,
        months_ago
    from rollup.month

),

windowed as (

    select
        product_month.*,
        month.months_ago between 0 and 11 as is_last_12_months
    from product_month
    inner join month on product_month.month = month.month and month.months_ago between 0 and 23

)

select
    stock_code,
    product,
    is_product,
    country,
    segment,
    count(*) as months_traded,
    trim_scale(coalesce(sum(goods_sold - goods_cancelled) filter (where is_last_12_months), 0))
        as net_goods_last_12_months,
    trim_scale(coalesce(sum(goods_sold - goods_cancelled) filter (where not is_last_12_months), 0))
        as net_goods_12_months_before,
    coalesce(sum(units_sold) filter (where is_last_12_months), 0)::bigint as units_sold_last_12_months,
    coalesce(sum(units_sold) filter (where not is_last_12_months), 0)::bigint as units_sold_12_months_before
from windowed
where goods_sold <> 0 or goods_cancelled <> 0
group by stock_code, product, is_product, country, segment
