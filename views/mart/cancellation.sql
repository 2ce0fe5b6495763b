with

cancellation_match as (

    select * from rollup.cancellation_match

),

month as (

    select
        month,
        is_complete_month,
        month_name,
        complete_month_number
    from rollup.month

),

product as (

    select
        stock_code,
        product
    from warehouse.product

),

country as (

    select
        country,
        region
    from warehouse.country

),

customer as (

    select
        customer_id,
        segment
    from mart.customer

)

select
    cancellation_match.month,
    cancellation_match.cancelled_at,
    cancellation_match.invoice_no,
    cancellation_match.stock_code,
    product.product,
    coalesce(cancellation_match.customer_id::text, 'Guests') as customer,
    cancellation_match.customer_id,
    case when cancellation_match.customer_id is null then 'Guests' else customer.segment end as segment,
    cancellation_match.country,
    country.region,
    cancellation_match.units_taken_back,
    cancellation_match.goods_cancelled,
    cancellation_match.matched_order,
    cancellation_match.ordered_at,
    cancellation_match.units_ordered,
    cancellation_match.days_to_cancel,
    case
        when cancellation_match.days_to_cancel = 0 then '1 Same day'
        when cancellation_match.days_to_cancel <= 7 then '2 1 to 7 days'
        when cancellation_match.days_to_cancel <= 30 then '3 8 to 30 days'
        when cancellation_match.days_to_cancel <= 90 then '4 31 to 90 days'
        when cancellation_match.days_to_cancel <= 365 then '5 91 to 365 days'
        else '6 No order found'
    end as time_to_cancel,
    cancellation_match.match_quality,
    month.is_complete_month,
    month.month_name,
    month.complete_month_number
from cancellation_match
inner join month on cancellation_match.month = month.month
left join product on cancellation_match.stock_code = product.stock_code
left join country on cancellation_match.country = country.country
left join customer on cancellation_match.customer_id = customer.customer_id
