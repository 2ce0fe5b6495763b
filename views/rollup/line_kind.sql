with

line as (

    select * from warehouse.line

)

select
    month,
    country,
    line_type,
    is_product,
    is_overlap,
    is_duplicate,
    customer_id is not null as has_customer,
    case when description is null then stock_code else '' end as undescribed_code,
    count(*) as lines,
    sum(quantity)::bigint as units,
    sum(amount) as sales
from line
group by
    month,
    country,
    line_type,
    is_product,
    is_overlap,
    is_duplicate,
    customer_id is not null,
    case when description is null then stock_code else '' end
