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
        invoice_no like 'C%' as is_cancellation,
        count(*) as lines,
        sum(quantity) as units,
        sum(amount) as sales,
        coalesce(sum(amount) filter (where not is_overlap), 0) as sales_without_overlap,
        bool_and(is_overlap) as is_overlap,
        count(*) filter (where quantity > 0 and unit_price > 0) as positive_lines,
        coalesce(sum(amount) filter (where quantity > 0 and unit_price > 0), 0) as positive_amount,
        count(*) filter (where description is not null and quantity > 0 and amount > 0) as rfm_lines,
        coalesce(sum(amount) filter (where description is not null and quantity > 0 and amount > 0), 0) as rfm_amount,
        max(invoice_at) filter (where description is not null and quantity > 0 and amount > 0) as rfm_invoice_at
    from line
    group by month, invoice_no, customer_key, country, customer_id

),

counted as (

    select
        *,
        row_number() over (partition by month, invoice_no order by customer_key, country) = 1 as is_counted
    from invoice

)

select * from counted
