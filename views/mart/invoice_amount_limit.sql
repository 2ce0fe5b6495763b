with

invoice as (

    select * from mart.invoice

)

select
    'all' as scope,
    percentile_cont(0.85) within group (order by amount::double precision) as amount_limit,
    percentile_cont(0.85) within group (order by amount_once::double precision) as amount_once_limit
from invoice
