with

line as (

    select * from warehouse.line

),

product as (

    select
        stock_code,
        product,
        is_product
    from warehouse.product

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
        month_name,
        complete_month_number
    from rollup.month

),

segment as (

    select distinct
        segment,
        segment_order
    from rollup.segment

),

sold as (

    select
        line.month,
        line.stock_code,
        line.country,
        case when line.customer_id is null then 0 else coalesce(rfm_customer.segment_order, 99) end as segment_order,
        count(*) as lines,
        trim_scale(sum(line.amount)) as sales,
        sum(line.quantity) as units,
        trim_scale(coalesce(sum(line.amount) filter (where line.line_type = 'sale' and not line.is_overlap), 0))
            as goods_sold,
        trim_scale(coalesce(
            -sum(line.amount) filter (
                where line.line_type = 'cancellation' and line.is_product and not line.is_overlap
            ), 0
        )) as goods_cancelled,
        coalesce(sum(line.quantity) filter (where line.line_type = 'sale' and not line.is_overlap), 0) as units_sold,
        -- a number of 64 bits sorts faster than a text; with the customer, so that orders add up over customers
        count(distinct hashtextextended(line.invoice_no, line.customer_key)) filter (where line.line_type = 'sale')
            as orders,
        count(distinct line.customer_id) filter (where line.line_type = 'sale') as customers
    from line
    left join rfm_customer on line.customer_id = rfm_customer.customer_id
    group by 1, 2, 3, 4

),

final as (

    select
        sold.month,
        sold.stock_code,
        product.product,
        product.is_product,
        sold.country,
        case sold.segment_order when 0 then 'Guests' else coalesce(segment.segment, 'Not scored') end as segment,
        sold.lines,
        sold.sales,
        sold.units,
        sold.goods_sold,
        sold.goods_cancelled,
        sold.units_sold,
        sold.orders,
        sold.customers,
        month.month_name,
        month.complete_month_number
    from sold
    inner join month on sold.month = month.month
    left join product on sold.stock_code = product.stock_code
    left join segment on sold.segment_order = segment.segment_order

)

select * from final
