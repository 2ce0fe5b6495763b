with

line as (

    select * from warehouse.line

),

invoice as (

    select
        month,
        invoice_no,
        customer_key,
        country,
        customer_id,
        min(invoice_at) as invoice_at,
        max(invoice_at) as last_line_at,
        bool_and(line_type = 'cancellation') as is_cancellation,
        count(*) as lines,
        sum(quantity) as units,
        sum(amount) as sales,
        coalesce(sum(amount) filter (where not is_overlap), 0) as sales_without_overlap,
        bool_and(is_overlap) as is_overlap,
        count(*) filter (where quantity > 0 and unit_price > 0) as positive_lines,
        coalesce(sum(amount) filter (where quantity > 0 and unit_price > 0), 0) as positive_amount,
        coalesce(sum(amount) filter (where quantity > 0 and unit_price > 0 and not is_overlap), 0)
            as positive_amount_once,
        count(*) filter (where description is not null and quantity > 0 and amount > 0) as rfm_lines,
        coalesce(sum(amount) filter (where description is not null and quantity > 0 and amount > 0), 0) as rfm_amount,
        coalesce(
            sum(amount) filter (where description is not null and quantity > 0 and amount > 0 and not is_overlap), 0
        ) as rfm_amount_once,
        max(invoice_at) filter (where description is not null and quantity > 0 and amount > 0) as rfm_invoice_at,
        count(*) filter (where line_type = 'sale' and not is_overlap) as goods_lines,
        coalesce(sum(amount) filter (where line_type = 'sale' and not is_overlap), 0) as goods_sold,
        coalesce(sum(quantity) filter (where line_type = 'sale' and not is_overlap), 0)::bigint as units_sold,
        count(*) filter (where line_type = 'cancellation' and is_product and not is_overlap) as cancelled_goods_lines,
        coalesce(-sum(amount) filter (where line_type = 'cancellation' and is_product and not is_overlap), 0)
            as goods_cancelled
    from line
    group by month, invoice_no, customer_key, country, customer_id

),

counted as (

    select
        *,
        row_number() over (partition by month, invoice_no order by customer_key, country) = 1 as is_counted,
        goods_lines > 0
        and row_number() over (partition by month, invoice_no order by goods_lines = 0, customer_key, country) = 1
            as is_order,
        cancelled_goods_lines > 0
        and row_number() over (
            partition by month, invoice_no order by cancelled_goods_lines = 0, customer_key, country
        ) = 1 as is_cancellation_of_goods
    from invoice

)

select * from counted
