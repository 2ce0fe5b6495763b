with

invoice as (

    select * from mart.invoice

),

limited as (

    select
        amount_limit,
        amount_once_limit
    from mart.invoice_amount_limit

),

final as (

    select
        invoice.invoice_no,
        invoice.invoice_at,
        invoice.customer_id,
        invoice.country,
        invoice.amount,
        invoice.amount_once,
        invoice.month,
        invoice.segment,
        invoice.customer_type,
        invoice.amount::double precision <= limited.amount_limit as is_first_85_percent,
        invoice.amount_once::double precision <= limited.amount_once_limit as is_first_85_percent_once,
        invoice.month_name,
        invoice.complete_month_number,
        invoice.invoices
    from invoice
    cross join limited

)

select * from final
