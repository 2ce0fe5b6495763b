with

invoice_amount as (

    select * from mart.invoice_amount

),

edge as (

    select
        lower_edge,
        lead(lower_edge) over (order by lower_edge) as upper_edge
    from generate_series(0, 2000, 50) as listed (lower_edge)

),

band as (

    select
        lower_edge,
        case
            when upper_edge is null then '$symbol' || to_char(lower_edge, 'FM99,999') || ' and more'
            else '$symbol' || to_char(lower_edge, 'FM99,999') || ' to ' || to_char(upper_edge, 'FM99,999')
        end as amount_band
    from edge

)

select
    invoice_amount.month,
    invoice_amount.country,
    invoice_amount.segment,
    invoice_amount.customer_type,
    invoice_amount.month_name,
    invoice_amount.complete_month_number,
    band.lower_edge,
    band.amount_band,
    invoice_amount.is_first_85_percent_once,
    count(*) as invoices,
    sum(invoice_amount.amount_once) as amount_once
from invoice_amount
inner join band on least(div(invoice_amount.amount_once, 50) * 50, 2000)::integer = band.lower_edge
group by
    invoice_amount.month,
    invoice_amount.country,
    invoice_amount.segment,
    invoice_amount.customer_type,
    invoice_amount.month_name,
    invoice_amount.complete_month_number,
    band.lower_edge,
    band.amount_band,
    invoice_amount.is_first_85_percent_once
