with

line_kind as (

    select * from rollup.line_kind

),

product as (

    select
        stock_code,
        product,
        name
    from warehouse.product

),

month as (

    select
        month,
        month_name,
        complete_month_number
    from rollup.month

),

undescribed as (

    select
        month,
        country,
        undescribed_code as stock_code,
        line_type,
        sum(lines)::bigint as lines_missing,
        sum(units)::bigint as units_missing,
        sum(sales) as sales_missing
    from line_kind
    where undescribed_code <> '' and not is_overlap
    group by month, country, undescribed_code, line_type

)

select
    undescribed.month,
    undescribed.country,
    undescribed.stock_code,
    undescribed.line_type,
    case when product.name <> product.stock_code then product.product end as description_filled,
    coalesce(product.name <> product.stock_code, false) as is_imputed,
    undescribed.lines_missing,
    undescribed.units_missing,
    undescribed.sales_missing,
    month.month_name,
    month.complete_month_number
from undescribed
inner join month on undescribed.month = month.month
left join product on undescribed.stock_code = product.stock_code
