with

product_month as (

    select * from mart.product_month

),

month as (

    select * from rollup.month

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
    segment,
    coalesce(sum(sales) filter (where is_last_12_months), 0) as sales_last_12_months,
    coalesce(sum(sales) filter (where not is_last_12_months), 0) as sales_12_months_before,
    coalesce(sum(units) filter (where is_last_12_months), 0)::bigint as units_last_12_months,
    coalesce(sum(units) filter (where not is_last_12_months), 0)::bigint as units_12_months_before
from windowed
group by stock_code, product, is_product, segment
