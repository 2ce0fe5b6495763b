-- Each customer, product and day on a line stands in its dimension table, and each dimension row on a line.
with

customer as (

    select customer_id from warehouse.line
    group by customer_id

),

product as (

    select stock_code from warehouse.line
    group by stock_code

),

day as (

    select invoice_at::date as date from warehouse.line
    group by invoice_at::date

),

trading_day as (

    select * from warehouse.calendar
    where is_trading_day

),

counts as (

    select
        'customer' as dimension,
        (select count(customer_id) from customer) as on_lines,
        (select count(*) from warehouse.customer) as in_dimension
    union all
    select
        'product' as dimension,
        (select count(*) from product) as on_lines,
        (select count(*) from warehouse.product) as in_dimension
    union all
    select
        'calendar' as dimension,
        (select count(*) from day) as on_lines,
        (select count(*) from trading_day) as in_dimension

)

select *
from counts
where on_lines <> in_dimension
