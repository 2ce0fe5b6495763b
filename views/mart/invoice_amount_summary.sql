with

invoice_amount as (

    select * from mart.invoice_amount

),

scoped as (

    select
        'all' as scope,
        amount
    from invoice_amount
    union all
    select
        'first_85_percent' as scope,
        amount
    from invoice_amount
    where is_first_85_percent
    union all
    select
        'all_once' as scope,
        amount_once as amount
    from invoice_amount
    union all
    select
        'first_85_percent_once' as scope,
        amount_once as amount
    from invoice_amount
    where is_first_85_percent_once

)

select
    scope,
    case scope
        when 'all_once' then 1
        when 'first_85_percent_once' then 2
        when 'all' then 3
        else 4
    end as scope_order,
    count(*) as invoices,
    min(amount) as minimum,
    max(amount) as maximum,
    avg(amount) as mean,
    percentile_cont(0.5) within group (order by amount::double precision)::numeric as median,
    mode() within group (order by amount) as mode
from scoped
group by scope
