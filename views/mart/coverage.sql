with

invoice_month as (

    select * from rollup.invoice_month

),

month as (

    select * from rollup.month

),

calendar as (

    select * from warehouse.calendar

),

closed_month as (

    select * from warehouse.closed_month

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

sold as (

    select distinct invoice_at::date as date
    from invoice_month
    where goods_lines > 0

),

-- What a month that was declared complete lacks will not come, so its days are over.
whole as (

    select max(sold.date) as last_whole_day
    from sold
    inner join calendar on sold.date = calendar.date
    left join closed_month on calendar.month = closed_month.month
    where calendar.is_over or closed_month.month is not null

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
        count(*) filter (where is_complete_month) as complete_months,
        string_agg(
            ' ' || to_char(month, 'FMMonth YYYY') || ' is not complete: no lines on ' || missing_days
            || case missing_days when 1 then ' open day (' else ' open days between ' end
            || to_char(first_missing_day, 'FMDD FMMonth')
            || case missing_days when 1 then ')' else ' and ' || to_char(last_missing_day, 'FMDD FMMonth') end
            || '.', '' order by month
        ) filter (where missing_days > 0 and not is_complete_month) as holes
    from month

)

select
    spanned.first_line_at,
    spanned.last_line_at,
    spanned.as_of,
    spanned.first_month,
    spanned.last_month,
    spanned.newest_complete_month,
    whole.last_whole_day,
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
    end
    || coalesce(spanned.holes, '') as headline,
    'Segments and recency are those of ' || to_char(spanned.as_of, 'FMDD FMMonth YYYY')
    || case extract(day from spanned.as_of::timestamp - spanned.last_line_at)
        when 0 then ', the midnight after the newest line.'
        when 1 then ', a day after the newest line.'
        else ', ' || extract(day from spanned.as_of::timestamp - spanned.last_line_at) || ' days after the newest line.'
    end as as_of_note
from spanned
cross join counted
cross join whole
where spanned.months > 0
