with

spans as (

    select
        customer_id,
        min(invoice_at) as first_invoice_at,
        max(invoice_at) as last_invoice_at,
        min(month) as first_month
    from warehouse.line
    where customer_id is not null
    group by customer_id

),

newest as (

    select
        line.customer_id,
        min(line.country) as country
    from warehouse.line
    inner join spans on line.customer_id = spans.customer_id and line.invoice_at = spans.last_invoice_at
    group by line.customer_id

)

select
    spans.customer_id,
    newest.country,
    spans.first_invoice_at,
    spans.last_invoice_at,
    spans.first_month
from spans
inner join newest on spans.customer_id = newest.customer_id
