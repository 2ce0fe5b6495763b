with

line as not materialized (

    select * from warehouse.line

),

product_performance as not materialized (

    select
        stock_code,
        product,
        popularity_rank,
        orders
    from mart.product_performance

),

shop as (

    select sum(orders) as orders
    from mart.monthly_metrics

)

select
    chosen.stock_code,
    chosen.product,
    chosen.popularity_rank,
    partner.stock_code as partner_code,
    partner.product as partner,
    chosen.orders as orders_with_product,
    partner.orders as orders_with_partner,
    partner.orders_together,
    partner.orders_together::numeric / partner.orders_of_shop as support,
    partner.orders_together::numeric / chosen.orders as confidence,
    partner.orders_together * partner.orders_of_shop / (chosen.orders::numeric * partner.orders) as lift,
    partner.orders_together / sqrt(chosen.orders::numeric * partner.orders) as cosine
from product_performance as chosen
-- One product at a time: whoever asks for one reads its orders alone.
cross join
    lateral (
        with

        basket as (

            select distinct line.invoice_no
            from line
            where line.stock_code = chosen.stock_code and line.line_type = 'sale' and not line.is_overlap

        ),

        beside as (

            select distinct
                line.invoice_no,
                line.stock_code
            from line
            inner join basket on line.invoice_no = basket.invoice_no
            where line.line_type = 'sale' and not line.is_overlap

        ),

        counted as (

            select
                stock_code,
                count(*) as orders_together
            from beside
            group by stock_code
            having count(*) >= 30

        )

        select
            product_performance.stock_code,
            product_performance.product,
            product_performance.orders,
            counted.orders_together,
            shop.orders as orders_of_shop
        from counted
        inner join product_performance on counted.stock_code = product_performance.stock_code
        cross join shop
        where counted.stock_code <> chosen.stock_code
    ) as partner
-- So that who asks for the first few rows waits for the first products alone.
order by chosen.popularity_rank
