with

line as (

    select * from warehouse.line

),

rfm_customer as (

    select
        customer_id,
        segment_order
    from mart.rfm_customer

),

month as (

    select
        month,
        months_ago
    from rollup.month

),

product as (

    select
        stock_code,
        product
    from warehouse.product

),

segment as (

    select distinct
        segment,
        segment_order
    from rollup.segment

),

-- Each customer first: that many rows are counted in parallel, which distinct customers are not.
each_customer as (

    select
        line.stock_code,
        line.customer_id,
        month.months_ago between 0 and 11 as is_last_12_months,
        count(*) as lines,
        sum(line.quantity) as units_sold,
        sum(line.amount) as goods_sold
    from line
    inner join month on line.month = month.month
    where line.line_type = 'sale' and not line.is_overlap and line.customer_id is not null
    group by 1, 2, 3

),

bought as (

    select
        each_customer.stock_code,
        coalesce(rfm_customer.segment_order, 99) as segment_order,
        sum(each_customer.lines)::bigint as lines,
        count(distinct each_customer.customer_id) as customers,
        count(*) filter (where each_customer.is_last_12_months) as customers_last_12_months,
        sum(each_customer.units_sold)::bigint as units_sold,
        trim_scale(sum(each_customer.goods_sold)) as goods_sold,
        trim_scale(coalesce(sum(each_customer.goods_sold) filter (where each_customer.is_last_12_months), 0))
            as goods_sold_last_12_months
    from each_customer
    left join rfm_customer on each_customer.customer_id = rfm_customer.customer_id
    group by 1, 2

)

select
    bought.stock_code,
    product.product,
    coalesce(segment.segment, 'Not scored') as segment,
    bought.lines,
    bought.customers,
    bought.customers_last_12_months,
    bought.units_sold,
    bought.goods_sold,
    bought.goods_sold_last_12_months
from bought
inner join product on bought.stock_code = product.stock_code
left join segment on bought.segment_order = segment.segment_order
