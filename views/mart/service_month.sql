with

line as (

    select * from warehouse.line

),

product as (

    select
        stock_code,
        product
    from warehouse.product

),

month as (

    select
        month,
        month_name,
        complete_month_number
    from rollup.month

),

charged as (

    select
        month,
        stock_code,
        count(*) as service_lines,
        trim_scale(sum(amount)) as service_sales
    from line
    where not is_product and not is_overlap
    group by month, stock_code

)

select
    charged.month,
    charged.stock_code,
    product.product,
    charged.service_lines,
    charged.service_sales,
    month.month_name,
    month.complete_month_number
from charged
inner join month on charged.month = month.month
inner join product on charged.stock_code = product.stock_code
