-- Lines that came and went with the newest change. Where one of an invoice and its article went and another came, it
-- was changed.
with

removed as (

    select
        month,
        invoice_no,
        stock_code,
        hash,
        count(*) as lines
    from warehouse_before.line
    where change_id = (select max(change_id) from warehouse_before.change)
    group by month, invoice_no, stock_code, hash

),

added as (

    select
        month,
        invoice_no,
        stock_code,
        hash,
        count(*) as lines
    from warehouse.line
    where month = any(%(months)s) and invoice_at::date = any(%(days)s)
    group by month, invoice_no, stock_code, hash

),

of_articles as (

    select
        month,
        invoice_no,
        stock_code,
        sum(greatest(coalesce(added.lines, 0) - coalesce(removed.lines, 0), 0)) as came,
        sum(greatest(coalesce(removed.lines, 0) - coalesce(added.lines, 0), 0)) as went
    from removed
    full outer join added using (month, invoice_no, stock_code, hash)
    group by month, invoice_no, stock_code

)

select
    month,
    sum(greatest(came - went, 0))::bigint as new,
    sum(least(came, went))::bigint as changed,
    sum(greatest(went - came, 0))::bigint as gone
from of_articles
where came + went > 0
group by month
order by month
