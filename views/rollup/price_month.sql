with

line as (

    select * from warehouse.line

)

select
    month,
    stock_code,
    trim_scale(unit_price) as unit_price,
    count(*) as lines,
    sum(quantity) as units_sold,
    trim_scale(unit_price * sum(quantity)) as goods_sold
from line
where line_type = 'sale' and not is_overlap
group by month, stock_code, unit_price
