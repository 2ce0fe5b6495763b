insert into warehouse.day
with

held as (

    select
        invoice_at::date as day,
        month,
        sum(amount) as amount,
        max(invoice_at) as last_line_at
    from warehouse.line
    where month = any(%(months)s) and invoice_at::date = any(%(days)s)
    group by invoice_at::date, month

),

contents as (

    select *
    from unnest(%(days)s::date[], %(counts)s::bigint[], %(sums)s::numeric[]) as c (day, lines, content_hash)

)

select
    contents.day,
    held.month,
    contents.lines,
    held.amount,
    contents.content_hash,
    held.last_line_at,
    %(digest)s as rules
from contents
inner join held on contents.day = held.day
