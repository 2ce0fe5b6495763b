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
    sum(monetary) as monetary_total,
    sum(net_money) as net_money
from rfm_customer
group by r_score, f_score, segment, home_country
