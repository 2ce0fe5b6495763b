with

rfm_customer as (

    select * from mart.rfm_customer

)

select
    r_score,
    f_score,
    segment,
    home_country,
    count(*) as customers,
    sum(monetary) as monetary,
    sum(sales) as sales
from rfm_customer
group by r_score, f_score, segment, home_country
