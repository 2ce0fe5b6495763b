-- Goods by the time of their line, orders by the time of the invoice's first line.
with

line as (

    select * from warehouse.line

),

invoice_month as (

    select * from rollup.invoice_month

),

sold as (

    select
        month,
        invoice_at::date as date,
        date_part('hour', invoice_at)::smallint as hour,
        country,
        sum(amount) as goods_sold,
        sum(quantity)::bigint as units_sold,
        0::bigint as orders
    from line
    where line_type = 'sale' and not is_overlap
    group by month, invoice_at::date, date_part('hour', invoice_at)::smallint, country

),

ordered as (

    select
        month,
        invoice_at::date as date,
        date_part('hour', invoice_at)::smallint as hour,
        country,
        0::numeric as goods_sold,
        0::bigint as units_sold,
        count(*) as orders
    from invoice_month
    where is_order
    group by month, invoice_at::date, date_part('hour', invoice_at)::smallint, country

),

both_kinds as (

    select * from sold
    union all
    select * from ordered

)

select
    month,
    date,
    hour,
    country,
    sum(goods_sold) as goods_sold,
    sum(units_sold)::bigint as units_sold,
    sum(orders)::bigint as orders
from both_kinds
group by month, date, hour, country
