with

invoice_month as (

    select * from rollup.invoice_month

),

month as (

    select
        month,
        min(invoice_at) as first_line_at,
        max(last_line_at) as last_line_at
    from invoice_month
    group by month

),

dated as (

    select
        month,
        (month + interval '1 month')::date as as_of,
        (month - interval '1 month')::date as month_before,
        (month - interval '1 year')::date as year_before,
        first_line_at,
        last_line_at,
        month = min(month) over () as is_first_month,
        month = max(month) over () as is_last_month
    from month

),

complete as (

    select
        *,
        (not is_first_month or first_line_at < month + interval '7 days')
        and (not is_last_month or last_line_at >= as_of - case extract(isodow from as_of) when 7 then 2 else 1 end)
            as is_complete_month
    from dated

),

newest as (

    select max(month) filter (where is_complete_month) as newest_complete_month
    from complete

),

final as (

    select
        complete.*,
        newest.newest_complete_month,
        (
            12 * (extract(year from newest.newest_complete_month) - extract(year from complete.month))
            + extract(month from newest.newest_complete_month) - extract(month from complete.month)
        )::integer as months_ago
    from complete
    cross join newest

)

select * from final
