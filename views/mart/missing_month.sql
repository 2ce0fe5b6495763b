with

line_kind as (

    select * from rollup.line_kind

),

product as (

    select
        stock_code,
        name
    from warehouse.product

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

looked_at as (

    select
        line_kind.month,
        line_kind.country,
        line_kind.line_type,
        line_kind.is_overlap,
        line_kind.lines,
        line_kind.sales,
        field.field,
        field.is_missing,
        field.is_filled
    from line_kind
    left join product on line_kind.undescribed_code = product.stock_code
    cross join lateral (
        values
        ('Description', line_kind.undescribed_code <> '', coalesce(product.name <> product.stock_code, false)),
        ('Customer number', not line_kind.has_customer, false),
        ('Country', line_kind.country = 'Unspecified', false)
    ) as field (field, is_missing, is_filled)

),

grouped as (

    select
        month,
        country,
        line_type,
        field,
        coalesce(sum(lines) filter (where not is_overlap), 0)::bigint as lines_once,
        coalesce(sum(lines) filter (where not is_overlap and is_missing), 0)::bigint as lines_missing,
        coalesce(sum(lines) filter (where not is_overlap and is_filled), 0)::bigint as lines_filled,
        coalesce(sum(lines) filter (where is_missing), 0)::bigint as lines_missing_in_file,
        coalesce(sum(sales) filter (where not is_overlap), 0) as sales_once,
        coalesce(sum(sales) filter (where not is_overlap and is_missing), 0) as sales_missing
    from looked_at
    group by month, country, line_type, field

)

select
    grouped.*,
    month.is_complete_month,
    month.months_ago,
    month.month_name,
    month.complete_month_number
from grouped
inner join month on grouped.month = month.month
