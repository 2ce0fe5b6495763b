insert into warehouse.month
with

amounts as (

    select
        month,
        sum(amount) as amount
    from warehouse.line
    where month = any(%(months)s)
    group by month

),

hashes as (

    select * from unnest(%(months)s::date[], %(lines)s::bigint[], %(hashes)s::numeric[]) as h (month, lines, content_hash)

)

select
    hashes.month,
    hashes.lines,
    amounts.amount,
    hashes.content_hash,
    %(rules)s as rules
from hashes
inner join amounts on hashes.month = amounts.month
