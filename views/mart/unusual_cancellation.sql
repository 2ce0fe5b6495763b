-- Expected are as many cancellations per order as all have. How often chance alone gives as many or more says the upper
-- tail of the Poisson distribution.
with

month as (

    select
        month,
        months_ago
    from rollup.month

),

product_month as (

    select
        month,
        stock_code,
        is_product,
        orders
    from mart.product_month

),

cancellation_month as (

    select
        month,
        stock_code,
        is_product,
        cancellations,
        goods_cancelled
    from mart.cancellation_month

),

customer_month as (

    select
        month,
        customer_id,
        orders,
        cancellations,
        goods_cancelled
    from mart.customer_month

),

product as (

    select
        stock_code,
        product
    from warehouse.product

),

customer as (

    select
        customer_id,
        segment,
        home_country
    from mart.customer

),

traded as (

    select
        'Product' as kind,
        product_month.stock_code as code,
        product_month.orders,
        0 as cancellations,
        0 as goods_cancelled
    from product_month
    inner join month on product_month.month = month.month and month.months_ago between 0 and 11
    where product_month.is_product
    union all
    select
        'Product' as kind,
        cancellation_month.stock_code as code,
        0 as orders,
        cancellation_month.cancellations,
        cancellation_month.goods_cancelled
    from cancellation_month
    inner join month on cancellation_month.month = month.month and month.months_ago between 0 and 11
    where cancellation_month.is_product
    union all
    select
        'Customer' as kind,
        customer_month.customer_id::text as code,
        customer_month.orders,
        customer_month.cancellations,
        customer_month.goods_cancelled
    from customer_month
    inner join month on customer_month.month = month.month and month.months_ago between 0 and 11
    where customer_month.customer_id is not null

),

counted as (

    select
        kind,
        code,
        sum(orders)::bigint as orders,
        sum(cancellations)::bigint as cancellations,
        sum(goods_cancelled) as goods_cancelled
    from traded
    group by kind, code

),

expected as (

    select
        *,
        orders * sum(cancellations) over (partition by kind)
        / nullif(sum(orders) over (partition by kind), 0)::numeric as expected_cancellations,
        count(*) filter (where orders >= 10) over (partition by kind) as compared
    from counted

),

judged as (

    select
        kind,
        code,
        cancellations,
        expected_cancellations::double precision as mean,
        ceil(cancellations + 30 + 10 * sqrt(expected_cancellations))::integer as last_count
    from expected
    where orders >= 10 and cancellations >= 5 and cancellations > expected_cancellations

),

factorial as (

    select
        number,
        sum(ln(number::double precision)) over (order by number) as log
    from generate_series(1, (select max(last_count) from judged)) as number

),

tail as (

    select
        judged.kind,
        judged.code,
        -- a summand too small for a number of 64 bits is as good as none
        least(
            sum(
                exp(greatest(factorial.number * ln(judged.mean) - judged.mean - factorial.log, -700))
                order by factorial.number
            ), 1
        ) as chance
    from judged
    inner join factorial on factorial.number between judged.cancellations and judged.last_count
    group by judged.kind, judged.code

)

select
    expected.kind,
    expected.code,
    coalesce(product.product, expected.code) as name,
    customer.segment,
    customer.home_country,
    expected.orders,
    expected.cancellations,
    round(expected.expected_cancellations, 6) as expected_cancellations,
    round(expected.cancellations / nullif(expected.expected_cancellations, 0), 6) as times_expected,
    expected.goods_cancelled,
    round(tail.chance::numeric, 9) as chance,
    case
        when tail.chance < 0.000001 then 'less than 1 in a million'
        when tail.chance is not null then '1 in ' || to_char(round(1 / tail.chance::numeric), 'FM999,999,999')
    end as odds,
    expected.compared,
    coalesce(tail.chance * expected.compared < 0.05, false) as is_unusual
from expected
left join tail on expected.kind = tail.kind and expected.code = tail.code
left join product on expected.kind = 'Product' and expected.code = product.stock_code
left join customer on expected.kind = 'Customer' and expected.code = customer.customer_id::text
where expected.cancellations > 0
