with

invoice_month as (

    select * from rollup.invoice_month

),

month as (

    select * from rollup.month

),

counted as (

    select
        sum(lines)::bigint as lines,
        count(distinct invoice_no) as invoices,
        count(distinct customer_id) as customers,
        count(distinct country) as countries,
        sum(sales) as sales
    from invoice_month

),

spanned as (

    select
        min(first_line_at) as first_line_at,
        max(last_line_at) as last_line_at,
        min(month) as first_month,
        max(month) as last_month,
        max(as_of) as as_of,
        max(newest_complete_month) as newest_complete_month,
        count(*) as months,
        count(*) filter (where is_complete_month) as complete_months
    from month

)

select
    spanned.first_line_at,
    spanned.last_line_at,
    spanned.as_of,
    spanned.first_month,
    spanned.last_month,
    spanned.newest_complete_month,
    spanned.months,
    spanned.complete_months,
    counted.lines,
    counted.invoices,
    counted.customers,
    counted.countries,
    counted.sales,
    to_char(spanned.first_line_at, 'FMDD FMMonth YYYY')
    || ' to '
    || to_char(spanned.last_line_at, 'FMDD FMMonth YYYY')
    || ': '
    || to_char(counted.lines, 'FM999,999,999,999')
    || ' lines, '
    || to_char(counted.invoices, 'FM999,999,999,999')
    || ' invoices, '
    || to_char(counted.customers, 'FM999,999,999,999')
    || ' customers.'
    || case
        when spanned.complete_months = 0 then ' No month is complete.'
        when spanned.newest_complete_month < spanned.last_month
            then ' ' || to_char(spanned.last_month, 'FMMonth YYYY') || ' is not complete.'
        else ''
    end as headline
from spanned
cross join counted
where spanned.months > 0
