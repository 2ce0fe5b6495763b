-- Each customer, product and day on a line stands in its dimension table, and each dimension row on a line.
with

line as (

    select
        customer_id,
        stock_code,
        invoice_at::date as date
    from {line} as line

),

missing as (

    select
        'customer' as dimension,
        customer_id::text as value
    from line
    where customer_id is not null and customer_id not in (select customer_id from warehouse.customer)
    union
    select
        'product' as dimension,
        stock_code as value
    from line
    where stock_code not in (select stock_code from warehouse.product)
    union
    select
        'calendar' as dimension,
        date::text as value
    from line
    where date not in (
        select date from warehouse.calendar
        where is_trading_day
    )

),

unused as (

    select
        'customer' as dimension,
        customer_id::text as value
    from warehouse.customer
    where
        not exists (
            select from warehouse.line
            where line.customer_id = customer.customer_id
        )
    union all
    select
        'product' as dimension,
        stock_code as value
    from warehouse.product
    where
        not exists (
            select from warehouse.line
            where line.stock_code = product.stock_code
        )
    union all
    select
        'calendar' as dimension,
        date::text as value
    from warehouse.calendar
    where is_trading_day and date not in (select day from warehouse.day)

)

select
    'on no line' as fault,
    *
from unused
union all
select
    'in no dimension' as fault,
    *
from missing
