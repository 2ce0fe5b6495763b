with

line_kind as (

    select * from rollup.line_kind

),

month as (

    select
        month,
        is_complete_month,
        months_ago,
        month_name,
        complete_month_number
    from rollup.month

),

-- The first step that fits, so that each line is in one.
stepped as (

    select
        *,
        case
            when is_overlap then '1 Second copies'
            when is_duplicate then '2 Exact repeats'
            when line_type = 'cancellation' then '3 Cancellations'
            when line_type = 'adjustment' then '4 Adjustments'
            when line_type = 'write_off' then '5 Write-offs'
            when line_type = 'free' then '6 Price of zero'
            when line_type = 'fee' then '7 Postage and fees'
            when not has_customer then '8 Goods sold to guests'
            else '9 Goods sold to known customers'
        end as step
    from line_kind

),

grouped as (

    select
        month,
        country,
        step,
        sum(lines)::bigint as lines,
        sum(units)::bigint as units,
        sum(sales) as sales,
        coalesce(sum(sales) filter (where line_type = 'sale' and not is_overlap), 0) as goods_sold,
        coalesce(-sum(sales) filter (where line_type = 'cancellation' and is_product and not is_overlap), 0)
            as goods_cancelled
    from stepped
    group by month, country, step

),

-- The bridge begins with all lines and takes each step off; what is left are the goods sold to known customers.
barred as (

    select
        month,
        country,
        '0 All lines of the file' as step,
        0 as lines,
        0 as units,
        0 as sales,
        0 as goods_sold,
        0 as goods_cancelled,
        sum(lines)::bigint as lines_bar,
        sum(sales) as sales_bar
    from grouped
    group by month, country
    union all
    select
        month,
        country,
        step,
        lines,
        units,
        sales,
        goods_sold,
        goods_cancelled,
        case when step like '9%' then 0 else -lines end as lines_bar,
        case when step like '9%' then 0 else -sales end as sales_bar
    from grouped

)

select
    barred.*,
    month.is_complete_month,
    month.months_ago,
    month.month_name,
    month.complete_month_number
from barred
inner join month on barred.month = month.month
