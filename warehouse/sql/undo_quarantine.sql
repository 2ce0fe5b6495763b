-- A rollback brings back which days were set aside after the refresh of a receipt. Each time that a day is set aside is
-- a row of its own, from set_aside_at until released_at, so that a later rollback finds what was then.
update warehouse.quarantine
set released_at = now()
where
    released_at is null
    and set_aside_at >= (
        select min(refreshed_at) from warehouse.receipt
        where receipt_id > %(receipt)s
    );

with

again as (

    select quarantine.*
    from warehouse.quarantine
    cross join (
        select min(refreshed_at) as refreshed_at
        from warehouse.receipt
        where receipt_id > %(receipt)s
    ) as undone
    where
        quarantine.set_aside_at < undone.refreshed_at
        and quarantine.released_at >= undone.refreshed_at

),

opened as (

    insert into warehouse.quarantine (day, contract, file, lines, amount)
    select
        day,
        contract,
        file,
        lines,
        amount
    from again
    returning quarantine_id, day

)

insert into warehouse.quarantined_line
select
    opened.quarantine_id,
    line.invoice_no,
    line.stock_code,
    line.description,
    line.quantity,
    line.invoice_at,
    line.unit_price,
    line.amount,
    line.customer_id,
    line.country,
    line.line_type
from again
inner join opened on again.day = opened.day
inner join warehouse.quarantined_line as line on again.quarantine_id = line.quarantine_id
