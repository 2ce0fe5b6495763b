with

product_trend as (

    select
        month,
        stock_code,
        goods_sold,
        goods_returned,
        units_sold,
        orders
    from mart.product_trend

),

product_buyers as (

    select
        stock_code,
        customers,
        customers_last_12_months
    from mart.product_buyers

),

product_price as (

    select * from rollup.price_point

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
        months_ago
    from rollup.month

),

-- How many months back from the newest complete one the data reach. Before that nothing is known, which is not 0.
reach as (

    select max(months_ago) as months_known
    from month

),

sold as (

    select
        product_trend.stock_code,
        min(product_trend.month) filter (where product_trend.orders > 0) as first_sold_month,
        max(product_trend.month) filter (where product_trend.orders > 0) as last_sold_month,
        sum(product_trend.goods_sold) as goods_sold,
        sum(product_trend.units_sold)::bigint as units_sold,
        sum(product_trend.orders)::bigint as orders,
        coalesce(sum(product_trend.goods_sold) filter (where month.months_ago between 0 and 11), 0)
            as goods_sold_last_12_months,
        coalesce(sum(product_trend.units_sold) filter (where month.months_ago between 0 and 11), 0)::bigint
            as units_sold_last_12_months,
        coalesce(sum(product_trend.orders) filter (where month.months_ago between 0 and 11), 0)::bigint
            as orders_last_12_months,
        coalesce(sum(product_trend.goods_returned) filter (where month.months_ago between 0 and 11), 0)
            as goods_returned_last_12_months,
        coalesce(sum(product_trend.goods_sold) filter (where month.months_ago between 0 and 2), 0) as last_quarter,
        coalesce(sum(product_trend.goods_sold) filter (where month.months_ago between 3 and 5), 0) as quarter_before,
        coalesce(sum(product_trend.goods_sold) filter (where month.months_ago between 12 and 14), 0) as year_before
    from product_trend
    inner join month on product_trend.month = month.month
    group by product_trend.stock_code

),

bought as (

    select
        stock_code,
        sum(customers)::bigint as customers,
        sum(customers_last_12_months)::bigint as customers_last_12_months
    from product_buyers
    group by stock_code

),

ranked as (

    select
        sold.*,
        row_number() over (order by sold.orders desc, sold.stock_code asc) as popularity_rank,
        sold.goods_sold_last_12_months / nullif(sum(sold.goods_sold_last_12_months) over (), 0) as share_of_goods,
        sum(sold.goods_sold_last_12_months) over (
            order by sold.goods_sold_last_12_months desc, sold.stock_code asc
        ) / nullif(sum(sold.goods_sold_last_12_months) over (), 0) as share_so_far
    from sold
    where sold.orders > 0

),

classed as (

    select
        *,
        case
            when goods_sold_last_12_months <= 0 then 'Not sold'
            when share_so_far <= 0.8 then 'A'
            when share_so_far <= 0.95 then 'B'
            else 'C'
        end as abc_class
    from ranked

)

select
    classed.stock_code,
    product.product,
    classed.popularity_rank,
    classed.first_sold_month,
    classed.last_sold_month,
    trim_scale(classed.goods_sold) as goods_sold,
    classed.units_sold,
    classed.orders,
    coalesce(bought.customers, 0) as customers,
    trim_scale(classed.goods_sold_last_12_months) as goods_sold_last_12_months,
    classed.units_sold_last_12_months,
    classed.orders_last_12_months,
    coalesce(bought.customers_last_12_months, 0) as customers_last_12_months,
    classed.share_of_goods,
    classed.abc_class,
    row_number() over (
        partition by classed.abc_class order by classed.goods_sold_last_12_months desc, classed.stock_code asc
    ) as rank_in_class,
    case when reach.months_known >= 2 then trim_scale(classed.last_quarter) end as goods_sold_last_quarter,
    case when reach.months_known >= 5 then trim_scale(classed.quarter_before) end as goods_sold_quarter_before,
    case when reach.months_known >= 14 then trim_scale(classed.year_before) end as goods_sold_quarter_last_year,
    case when reach.months_known >= 5 then trim_scale(classed.last_quarter - classed.quarter_before) end
        as change_on_quarter,
    case when reach.months_known >= 14 then trim_scale(classed.last_quarter - classed.year_before) end
        as change_on_year,
    trim_scale(classed.goods_returned_last_12_months) as goods_returned_last_12_months,
    classed.goods_returned_last_12_months / nullif(classed.goods_sold_last_12_months, 0) as return_rate,
    product_price.price_points,
    product_price.lowest_price,
    product_price.highest_price,
    product_price.usual_price,
    product_price.first_usual_price,
    product_price.price_changes,
    product_price.last_price_change,
    1 as products
from classed
cross join reach
inner join product on classed.stock_code = product.stock_code
inner join product_price on classed.stock_code = product_price.stock_code
left join bought on classed.stock_code = bought.stock_code
