-- The lines of a file on days that broke a contract are kept beside the warehouse; how many they are, and their money.
-- Of a day that is set aside already they take the place of the lines before; of a file that was added, of those of its
-- invoices.
insert into warehouse.quarantine (day, contract, file, lines, amount)
select
    d.day,
    d.contract,
    %(file)s,
    0 as lines,
    0 as amount
from unnest(%(days)s::date[], %(contracts)s::text[]) as d (day, contract)
on conflict (day) where released_at is null do update
    set contract = excluded.contract, file = excluded.file;

delete from warehouse.quarantined_line
where
    quarantine_id in (
        select quarantine_id from warehouse.quarantine
        where released_at is null and day = any(%(days)s)
    )
    and {replaced};

insert into warehouse.quarantined_line
select
    quarantine.quarantine_id,
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
from ({lines}) as line
inner join warehouse.quarantine on line.invoice_at::date = quarantine.day and quarantine.released_at is null
where line.invoice_at::date = any(%(days)s) and {replaced};

update warehouse.quarantine
set
    lines = held.lines,
    amount = held.amount
from (
    select
        quarantine.quarantine_id,
        count(line.quantity) as lines,
        coalesce(sum(line.amount), 0) as amount
    from warehouse.quarantine
    left join warehouse.quarantined_line as line on quarantine.quarantine_id = line.quarantine_id
    where quarantine.released_at is null and quarantine.day = any(%(days)s)
    group by quarantine.quarantine_id
) as held
where quarantine.quarantine_id = held.quarantine_id;

select
    count(*) as lines,
    coalesce(sum(line.amount), 0) as amount
from warehouse.quarantined_line as line
inner join warehouse.quarantine on line.quarantine_id = quarantine.quarantine_id
where quarantine.released_at is null and quarantine.day = any(%(days)s) and {replaced}
