with

line as (

    select * from warehouse.line

),

product as (

    select * from warehouse.product

)

select
    line.month,
    line.invoice_at,
    line.invoice_no,
    line.line_type,
    line.stock_code,
    line.description,
    case
        when line.description is not null then line.description
        when product.name <> product.stock_code then product.product
    end as description_filled,
    line.description is null and coalesce(product.name <> product.stock_code, false) as is_imputed,
    line.quantity as units,
    line.amount as sales,
    line.customer_id,
    line.country,
    line.is_overlap
from line
left join product on line.stock_code = product.stock_code
