-- Each row stands twice: in its own month, and a year later as what that month is compared with.
with

customer_month as (

    select * from mart.customer_month

),

month as (

    select
        month,
        year_before,
        is_complete_month,
        month_name,
        complete_month_number
    from rollup.month

),

country as (

    select
        country,
        iso2,
        iso3,
        region
    from warehouse.country

),

-- Like with like: the month and the one a year before are complete.
compared as (

    select
        month.month,
        month.year_before
    from month
    inner join month as year_before on month.year_before = year_before.month
    where month.is_complete_month and year_before.is_complete_month

),

own as (

    select
        customer_month.month,
        customer_month.country,
        customer_month.customer_id,
        customer_month.segment,
        customer_month.customer_type,
        customer_month.goods_sold,
        customer_month.goods_cancelled,
        customer_month.orders,
        customer_month.cancellations,
        case when compared.month is not null then customer_month.goods_sold else 0 end as goods_sold_compared,
        0::numeric as goods_sold_year_before
    from customer_month
    left join compared on customer_month.month = compared.month

),

year_before as (

    select
        compared.month,
        customer_month.country,
        customer_month.customer_id,
        customer_month.segment,
        customer_month.customer_type,
        0::numeric as goods_sold,
        0::numeric as goods_cancelled,
        0::bigint as orders,
        0::bigint as cancellations,
        0::numeric as goods_sold_compared,
        customer_month.goods_sold as goods_sold_year_before
    from customer_month
    inner join compared on customer_month.month = compared.year_before
    where customer_month.goods_sold <> 0

),

both_years as (

    select * from own
    union all
    select * from year_before

)

select
    both_years.month,
    both_years.country,
    country.iso2 as country_code_2,
    country.iso3 as country_code,
    country.region,
    case both_years.country when 'United Kingdom' then 'United Kingdom' else 'Other countries' end as home_or_abroad,
    both_years.customer_id,
    both_years.segment,
    both_years.customer_type,
    both_years.goods_sold,
    both_years.goods_cancelled,
    both_years.orders,
    both_years.cancellations,
    both_years.goods_sold_compared,
    both_years.goods_sold_year_before,
    month.is_complete_month,
    month.month_name,
    month.complete_month_number
from both_years
inner join month on both_years.month = month.month
left join country on both_years.country = country.country
