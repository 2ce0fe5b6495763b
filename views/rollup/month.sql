with

invoice_month as (

    select * from rollup.invoice_month

),

calendar as (

    select * from warehouse.calendar

),

closed_month as (

    select * from warehouse.closed_month

),

month as (

    select
        month,
        min(invoice_at) as first_line_at,
        max(last_line_at) as last_line_at
    from invoice_month
    group by month

),

traded as (

    select
        month,
        count(*) filter (where is_expected and is_over and not is_trading_day) as missing_days,
        min(date) filter (where is_expected and is_over and not is_trading_day) as first_missing_day,
        max(date) filter (where is_expected and is_over and not is_trading_day) as last_missing_day,
        count(*) filter (where is_open) as open_days,
        count(*) filter (where is_trading_day) as trading_days,
        coalesce(bool_and(is_over) filter (where is_open), true) as is_over,
        bool_and(not is_expected) as is_sparse
    from calendar
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
        to_char(month, 'YYYY-MM FMMonth') as month_name,
        month = min(month) over () as is_first_month,
        month = max(month) over () as is_last_month,
        -- Months of data before it, so what "none in the 11 months before" can know.
        (
            12 * (extract(year from month) - extract(year from min(month) over ()))
            + extract(month from month) - extract(month from min(month) over ())
        )::integer as months_of_history
    from month

),

complete as (

    select
        dated.*,
        traded.missing_days,
        traded.first_missing_day,
        traded.last_missing_day,
        traded.open_days,
        traded.trading_days,
        closed_month.month is not null
        or (
            traded.missing_days = 0
            and traded.is_over
            and (
                not dated.is_first_month
                or not traded.is_sparse
                or dated.first_line_at < dated.month + interval '7 days'
            )
        ) as is_complete_month
    from dated
    inner join traded on dated.month = traded.month
    left join closed_month on dated.month = closed_month.month

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
        )::integer as months_ago,
        case
            when complete.is_complete_month
                then row_number() over (partition by complete.is_complete_month order by complete.month desc)
        end::integer as complete_month_number
    from complete
    cross join newest

)

select * from final
