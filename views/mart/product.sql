with

product as (

    select * from warehouse.product

)

select
    stock_code,
    product,
    is_product
from product
