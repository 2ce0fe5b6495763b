with

spans as (

    select
        customer_id,
        country,
        min(invoice_at) as first_invoice_at,
        max(invoice_at) as last_invoice_at
    from {line} as line
    where customer_id is not null
    group by customer_id, country

),

ranked as (

    select
        customer_id,
        country,
        min(first_invoice_at) over (partition by customer_id) as first_invoice_at,
        last_invoice_at,
        row_number() over (partition by customer_id order by last_invoice_at desc, country asc) as newness
    from spans

)

select
    customer_id,
    country,
    first_invoice_at,
    last_invoice_at,
    date_trunc('month', first_invoice_at)::date as first_month
from ranked
where newness = 1
