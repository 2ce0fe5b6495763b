with

customer_month as (

    select * from mart.customer_month

),

invoice_month as (

    select * from rollup.invoice_month

),

month as (

    select * from rollup.month

),

traded as (

    select
        month,
        count(distinct invoice_at::date) as days_with_goods
    from invoice_month
    where is_order
    group by month

),

sliced as (

    select
        month,
        case grouping(segment_before_month, country)
            when 3 then 'Whole shop'
            when 1 then 'Segment before the month'
            else 'Country'
        end as slice_by,
        case grouping(segment_before_month, country)
            when 3 then 'Whole shop'
            when 1 then segment_before_month
            else country
        end as slice,
        count(distinct customer_id) filter (where orders > 0) as customers,
        coalesce(sum(orders) filter (where customer_id is not null), 0) as orders,
        coalesce(sum(goods_sold) filter (where customer_id is not null), 0) as known_goods,
        coalesce(sum(goods_sold) filter (where customer_id is null), 0) as guest_goods,
        sum(goods_cancelled) as goods_cancelled,
        sum(other_sales) as other_sales,
        sum(sales - sales_without_overlap) as second_copies,
        sum(sales) as sales
    from customer_month
    group by grouping sets ((month), (month, segment_before_month), (month, country))

),

-- A month that is not complete is not compared.
pair as (

    select
        month.month,
        before.compared_with,
        before.month_before,
        month.months_ago,
        month.month_name,
        month.complete_month_number
    from month
    cross join
        lateral (
            values ('Month before', month.month_before), ('Same month last year', month.year_before)
        ) as before (compared_with, month_before)
    inner join month as other on before.month_before = other.month and other.is_complete_month
    where month.is_complete_month

),

slice as (

    select distinct
        slice_by,
        slice
    from sliced

),

compared as (

    select
        pair.month,
        pair.compared_with,
        pair.month_before,
        slice.slice_by,
        slice.slice,
        coalesce(now.sales, 0) as sales,
        coalesce(before.sales, 0) as sales_before,
        coalesce(now.customers, 0) as customers,
        coalesce(before.customers, 0) as customers_before,
        coalesce(now.orders, 0) as orders,
        coalesce(before.orders, 0) as orders_before,
        coalesce(now.known_goods, 0) as goods,
        coalesce(before.known_goods, 0) as goods_before,
        coalesce(now.guest_goods, 0) - coalesce(before.guest_goods, 0) as by_guests,
        coalesce(before.goods_cancelled, 0) - coalesce(now.goods_cancelled, 0) as by_cancellations,
        coalesce(now.other_sales, 0) - coalesce(before.other_sales, 0) as by_other_sales,
        coalesce(now.second_copies, 0) - coalesce(before.second_copies, 0) as by_second_copies,
        pair.months_ago,
        pair.month_name,
        pair.complete_month_number
    from pair
    cross join slice
    left join sliced as now
        on pair.month = now.month and slice.slice_by = now.slice_by and slice.slice = now.slice
    left join sliced as before
        on pair.month_before = before.month and slice.slice_by = before.slice_by and slice.slice = before.slice
    where now.month is not null or before.month is not null

),

-- The logarithmic mean of both months' goods; none where nothing was sold in one of them.
averaged as (

    select
        *,
        case
            when least(customers, customers_before, orders, orders_before, goods, goods_before) <= 0 then null
            when goods = goods_before then goods
            else (goods - goods_before) / (ln(goods) - ln(goods_before))
        end as log_mean
    from compared

),

-- What is new or gone altogether is a matter of customers. The last of the three is the rest, so that they add up.
explained as (

    select
        *,
        case
            when log_mean is null then goods - goods_before
            else round(log_mean * ln(customers::numeric / customers_before), 4)
        end as by_customers,
        case
            when log_mean is null then 0
            else round(log_mean * ln((orders / customers) / (orders_before / customers_before)), 4)
        end as by_orders_per_customer
    from averaged

)

select
    explained.month,
    explained.compared_with,
    explained.month_before,
    explained.slice_by,
    explained.slice,
    explained.sales,
    explained.sales_before,
    explained.sales - explained.sales_before as sales_change,
    explained.by_customers,
    explained.by_orders_per_customer,
    explained.goods - explained.goods_before - explained.by_customers - explained.by_orders_per_customer
        as by_goods_per_order,
    explained.by_guests,
    explained.by_cancellations,
    explained.by_other_sales,
    explained.by_second_copies,
    explained.customers,
    explained.customers_before,
    explained.orders::bigint as orders,
    explained.orders_before::bigint as orders_before,
    explained.goods,
    explained.goods_before,
    traded.days_with_goods,
    traded_before.days_with_goods as days_with_goods_before,
    explained.months_ago,
    explained.month_name,
    explained.complete_month_number
from explained
left join traded on explained.month = traded.month
left join traded as traded_before on explained.month_before = traded_before.month
