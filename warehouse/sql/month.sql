insert into warehouse.month
with

hashes as (

    select
        month,
        count(*) as lines,
        sum(hash::numeric) as content_hash
    from fingerprint
    where month = any(%(months)s)
    group by month

),

amounts as (

    select
        month,
        sum(amount) as amount
    from warehouse.line
    where month = any(%(months)s)
    group by month

)

select
    hashes.month,
    hashes.lines,
    amounts.amount,
    hashes.content_hash,
    %(rules)s as rules
from hashes
inner join amounts on hashes.month = amounts.month
