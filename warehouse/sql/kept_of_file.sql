-- What the warehouse holds of the invoices of the file; days that are set aside have other lines of them.
select
    count(*) as lines,
    coalesce(sum(amount), 0) as amount
from warehouse.line
where
    invoice_no in (select invoice_no from file_invoice)
    and invoice_at::date <> all(%(skipped)s::date[])
