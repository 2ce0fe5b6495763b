with

amounts as (

    select
        month,
        sum(amount) as amount
    from warehouse.line
    where month = any(%(months)s)
    group by month

),

contents as (

    select *
    from unnest(%(months)s::date[], %(counts)s::bigint[], %(sums)s::numeric[]) as c (month, lines, content_hash)

)

insert into warehouse.month
select
    contents.month,
    contents.lines,
    amounts.amount,
    contents.content_hash,
    %(digest)s as rules
from contents
inner join amounts on contents.month = amounts.month
