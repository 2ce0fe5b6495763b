-- What the warehouse holds of the invoices of the file. Lines that were put beside it have no reading.
select
    count(*) as lines,
    coalesce(sum(line.amount), 0) as amount
from warehouse.line as line
where
    line.invoice_no in (
        select fingerprint.invoice_no from landing.fingerprint
        where fingerprint.is_plain is not null
    )
