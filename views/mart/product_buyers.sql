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

bought as (

    select
        line.stock_code,
        coalesce(rfm_customer.segment_order, 99) as segment_order,
        count(*) as lines,
        count(distinct line.customer_id) as customers,
        count(distinct line.customer_id) filter (where month.months_ago between 0 and 11) as customers_last_12_months,
        sum(line.quantity) as units_sold,
        trim_scale(sum(line.amount)) as goods_sold,
        trim_scale(coalesce(sum(line.amount) filter (where month.months_ago between 0 and 11), 0))
            as goods_sold_last_12_months
    from line
    inner join month on line.month = month.month
    left join rfm_customer on line.customer_id = rfm_customer.customer_id
    where line.line_type = 'sale' and not line.is_overlap and line.customer_id is not null
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
