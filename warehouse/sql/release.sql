-- Days that were set aside, and of which a file has just been loaded that has all of their invoices.
update warehouse.quarantine
set released_at = now()
where
    released_at is null
    and day <> all(%(days)s)
    and not exists (
        select from warehouse.quarantined_line as line
        where line.quarantine_id = quarantine.quarantine_id and not {replaced}
    )
