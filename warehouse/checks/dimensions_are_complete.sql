-- Each customer, product and day on a line stands in its dimension table, and each dimension row on a line.
with

counts as (

    select
        'customer' as dimension,
        (select count(*) from (select customer_id from warehouse.line where customer_id is not null group by 1) as ids)
            as on_lines,
        (select count(*) from warehouse.customer) as in_dimension
    union all
    select
        'product' as dimension,
        (select count(*) from (select stock_code from warehouse.line group by stock_code) as codes) as on_lines,
        (select count(*) from warehouse.product) as in_dimension
    union all
    select
        'calendar' as dimension,
        (select count(*) from (select invoice_at::date from warehouse.line group by 1) as days) as on_lines,
        (select count(*) from warehouse.calendar where is_trading_day) as in_dimension

)

select *
from counts
where on_lines <> in_dimension
