-- Lines that came and went with the newest change. Where one of an invoice and its article went and another came, it
-- was changed.
with

line as (

    select
        month,
        invoice_no,
        stock_code,
        hash,
        -1 as way
    from warehouse_before.line
    where change_id = (select max(change_id) from warehouse_before.change)
    union all
    select
        month,
        invoice_no,
        stock_code,
        hash,
        1 as way
    from warehouse.line
    where month = any(%(months)s) and invoice_at::date = any(%(days)s)

),

differing as (

    select
        month,
        invoice_no,
        stock_code,
        sum(way) as lines
    from line
    group by month, invoice_no, stock_code, hash
    having sum(way) <> 0

),

of_articles as (

    select
        month,
        sum(greatest(lines, 0)) as came,
        sum(greatest(-lines, 0)) as went
    from differing
    group by month, invoice_no, stock_code

)

select
    month,
    sum(greatest(came - went, 0))::bigint as new,
    sum(least(came, went))::bigint as changed,
    sum(greatest(went - came, 0))::bigint as gone
from of_articles
group by month
order by month
