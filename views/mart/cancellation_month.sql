with

line as (

    select * from warehouse.line

),

month as (

    select
        month,
        is_complete_month,
        months_ago,
        month_name,
        complete_month_number
    from rollup.month

),

withdrawal as (

    select * from rollup.withdrawal

),

product as (

    select
        stock_code,
        product,
        is_product
    from warehouse.product

),

product_month as (

    select
        month,
        country,
        stock_code,
        orders
    from mart.product_month

),

told_apart as (

    select
        line.*,
        withdrawal.invoice_no is not null as is_withdrawn
    from line
    left join (
        select distinct
            invoice_no,
            stock_code
        from withdrawal
    ) as withdrawal
        on line.invoice_no = withdrawal.invoice_no and line.stock_code = withdrawal.stock_code
    where line.line_type = 'cancellation' and not line.is_overlap

),

-- One copy of December 2010. What is no product is cancelled value, and no cancelled goods.
cancelled as (

    select
        month,
        country,
        stock_code,
        count(distinct invoice_no) as cancellations,
        -sum(quantity) as units_cancelled,
        coalesce(-sum(amount) filter (where is_product), 0) as goods_cancelled,
        coalesce(-sum(amount) filter (where not is_product), 0) as fees_cancelled,
        max(-amount) filter (where not is_withdrawn) as largest_line,
        (array_agg(invoice_no order by amount, invoice_no) filter (where not is_withdrawn))[1] as largest_line_invoice
    from told_apart
    group by month, country, stock_code

),

withdrawn as (

    select
        month,
        country,
        stock_code,
        sum(goods_withdrawn) as goods_withdrawn
    from withdrawal
    group by month, country, stock_code

),

ordered as (

    select
        month,
        country,
        stock_code,
        sum(orders)::bigint as orders
    from product_month
    group by month, country, stock_code

),

final as (

    select
        cancelled.month,
        cancelled.country,
        cancelled.stock_code,
        product.product,
        product.is_product,
        cancelled.cancellations,
        cancelled.units_cancelled,
        cancelled.goods_cancelled,
        coalesce(withdrawn.goods_withdrawn, 0) as goods_withdrawn,
        cancelled.goods_cancelled - coalesce(withdrawn.goods_withdrawn, 0) as goods_returned,
        cancelled.fees_cancelled,
        cancelled.largest_line,
        cancelled.largest_line_invoice,
        ordered.orders,
        month.is_complete_month,
        month.months_ago between 0 and 11 as is_last_12_months,
        month.months_ago between 12 and 23 as is_12_months_before,
        month.months_ago,
        month.month_name,
        month.complete_month_number
    from cancelled
    inner join month on cancelled.month = month.month
    left join withdrawn
        on
            cancelled.month = withdrawn.month
            and cancelled.country = withdrawn.country
            and cancelled.stock_code = withdrawn.stock_code
    left join ordered
        on
            cancelled.month = ordered.month
            and cancelled.country = ordered.country
            and cancelled.stock_code = ordered.stock_code
    left join product on cancelled.stock_code = product.stock_code

)

select * from final
