with

invoice_month as (

    select * from rollup.invoice_month

),

customer_month as (

    select * from mart.customer_month

),

invoice as (

    select distinct on (invoice_no)
        invoice_no,
        min(invoice_at) over whole as invoice_at,
        customer_id,
        country,
        month,
        sum(positive_amount) over whole as amount,
        sum(positive_amount_once) over whole as amount_once
    from invoice_month
    where positive_lines > 0
    window whole as (partition by invoice_no)
    order by invoice_no asc, month asc, customer_id asc, country asc

),

final as (

    select
        invoice.invoice_no,
        invoice.invoice_at,
        invoice.customer_id,
        coalesce(invoice.customer_id::text, 'Guests') as customer,
        invoice.country,
        invoice.amount,
        invoice.amount_once,
        invoice.month,
        coalesce(customer_month.segment, 'Guests') as segment,
        coalesce(customer_month.customer_type, 'Guest') as customer_type,
        customer_month.month_name,
        customer_month.complete_month_number,
        1 as invoices
    from invoice
    left join customer_month
        on
            coalesce(invoice.customer_id::text, 'Guests') = customer_month.customer
            and invoice.month = customer_month.month
            and invoice.country = customer_month.country

)

select * from final
