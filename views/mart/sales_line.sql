with

line as (

    select * from warehouse.line

),

product as (

    select * from warehouse.product

),

customer as (

    select * from warehouse.customer

),

rfm_customer as (

    select * from mart.rfm_customer

)

select
    line.month,
    line.invoice_at,
    line.invoice_no,
    line.line_type,
    line.stock_code,
    product.product,
    line.description,
    line.quantity as units,
    line.unit_price,
    line.amount as sales,
    line.customer_id,
    line.country,
    case when line.customer_id is null then 'Guests' else coalesce(rfm_customer.segment, 'Not scored') end as segment,
    case
        when line.customer_id is null then 'Guest'
        when customer.first_month = line.month then 'New'
        else 'Existing'
    end as customer_type,
    line.is_product,
    line.is_overlap,
    line.is_duplicate
from line
left join product on line.stock_code = product.stock_code
left join customer on line.customer_id = customer.customer_id
left join rfm_customer on line.customer_id = rfm_customer.customer_id
