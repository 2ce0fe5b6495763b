with

order_day as (

    select * from mart.order_day

),

month as (

    select * from rollup.month

),

coverage as (

    select * from mart.coverage

),

customer as (

    select * from mart.customer

),

first_order as (

    select *
    from order_day
    where order_number = 1

),

final as (

    select
        first_order.customer_id,
        first_order.first_order_day,
        first_order.first_order_month,
        month.month_name as first_month_name,
        month.is_first_month as is_left_censored,
        customer.home_country,
        customer.segment,
        first_order.goods_sold as first_basket,
        case
            when first_order.goods_sold < 100 then '1. Under $symbol100'
            when first_order.goods_sold < 200 then '2. $symbol100 to 200'
            when first_order.goods_sold < 400 then '3. $symbol200 to 400'
            when first_order.goods_sold < 800 then '4. $symbol400 to 800'
            else '5. $symbol800 and more'
        end as first_basket_band,
        first_order.next_order_day as second_order_day,
        first_order.days_to_next_order,
        customer.order_days,
        coverage.last_whole_day - first_order.first_order_day as days_known,
        case
            when first_order.first_order_day + 30 <= coverage.last_whole_day
                then coalesce(first_order.days_to_next_order <= 30, false)
        end as is_back_in_30_days,
        case
            when first_order.first_order_day + 60 <= coverage.last_whole_day
                then coalesce(first_order.days_to_next_order <= 60, false)
        end as is_back_in_60_days,
        case
            when first_order.first_order_day + 90 <= coverage.last_whole_day
                then coalesce(first_order.days_to_next_order <= 90, false)
        end as is_back_in_90_days,
        case
            when first_order.first_order_day + 180 <= coverage.last_whole_day
                then coalesce(first_order.days_to_next_order <= 180, false)
        end as is_back_in_180_days
    from first_order
    inner join month on first_order.first_order_month = month.month
    inner join customer on first_order.customer_id = customer.customer_id
    cross join coverage

)

select * from final
