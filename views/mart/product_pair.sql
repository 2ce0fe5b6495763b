with

line as (

    select * from warehouse.line

),

product_trend as (

    select
        month,
        stock_code,
        orders
    from mart.product_trend

),

monthly_metrics as (

    select
        month,
        orders
    from mart.monthly_metrics

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
        newest_complete_month
    from rollup.month

),

-- The newest complete month alone, so that a day of a later month computes nothing.
found as (

    select
        month.month,
        pair.*
    from month
    cross join
        lateral (
            with

            shop as (

                select sum(monthly_metrics.orders) as orders
                from monthly_metrics
                where
                    monthly_metrics.month > month.month - interval '12 months' and monthly_metrics.month <= month.month

            ),

            best_seller as materialized (

                select
                    product_trend.stock_code,
                    sum(product_trend.orders)::integer as orders,
                    (row_number() over (order by sum(product_trend.orders) desc, product_trend.stock_code asc))::integer
                        as number
                from product_trend
                where product_trend.month > month.month - interval '12 months' and product_trend.month <= month.month
                group by product_trend.stock_code
                order by number
                limit 200

            ),

            basket as materialized (

                select distinct
                    line.invoice_no,
                    best_seller.number
                from line
                inner join best_seller on line.stock_code = best_seller.stock_code
                where
                    line.month > month.month - interval '12 months'
                    and line.month <= month.month
                    and line.line_type = 'sale'
                    and not line.is_overlap

            ),

            together as materialized (

                select
                    one.number as number_one,
                    other.number as number_other,
                    count(*) as orders_together
                from basket as one
                inner join basket as other on one.invoice_no = other.invoice_no and one.number < other.number
                group by one.number, other.number
                having count(*) >= 30

            ),

            both_ways as (

                select
                    number_one as number,
                    number_other as partner_number,
                    orders_together
                from together
                union all
                select
                    number_other as number,
                    number_one as partner_number,
                    orders_together
                from together

            ),

            measured as (

                select
                    best_seller.stock_code,
                    partner.stock_code as partner_code,
                    best_seller.orders as orders_with_product,
                    partner.orders as orders_with_partner,
                    both_ways.orders_together,
                    both_ways.orders_together::numeric / shop.orders as support,
                    both_ways.orders_together::numeric / best_seller.orders as confidence,
                    both_ways.orders_together * shop.orders / (best_seller.orders::numeric * partner.orders) as lift,
                    both_ways.orders_together / sqrt(best_seller.orders::numeric * partner.orders) as cosine
                from both_ways
                inner join best_seller on both_ways.number = best_seller.number
                inner join best_seller as partner on both_ways.partner_number = partner.number
                cross join shop

            ),

            placed as (

                select
                    *,
                    row_number() over (partition by stock_code order by cosine desc, partner_code asc) as place,
                    row_number() over (partition by partner_code order by cosine desc, stock_code asc) as partner_place
                from measured

            )

            select *
            from placed
            where least(place, partner_place) <= 10
        ) as pair
    where month.month = month.newest_complete_month

)

select
    found.month,
    found.stock_code,
    product.product,
    found.partner_code,
    partner.product as partner,
    found.orders_with_product,
    found.orders_with_partner,
    found.orders_together,
    found.support,
    found.confidence,
    found.lift,
    found.cosine
from found
inner join product on found.stock_code = product.stock_code
inner join product as partner on found.partner_code = partner.stock_code
