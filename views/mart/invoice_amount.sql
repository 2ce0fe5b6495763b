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

limited as (

    select
        percentile_cont(0.85) within group (order by amount::double precision) as amount_limit,
        percentile_cont(0.85) within group (order by amount_once::double precision) as amount_once_limit
    from invoice

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
        coalesce(customer_month.segment, 'Guests') as segment,
        coalesce(customer_month.customer_type, 'Guest') as customer_type,
        invoice.amount::double precision <= limited.amount_limit as is_first_85_percent,
        invoice.amount_once::double precision <= limited.amount_once_limit as is_first_85_percent_once,
        customer_month.month_name,
        customer_month.complete_month_number,
        1 as invoices
    from invoice
    cross join limited
    left join customer_month
        on
            coalesce(invoice.customer_id::text, 'Guests') = customer_month.customer
            and invoice.month = customer_month.month
            and invoice.country = customer_month.country

)

select * from final
