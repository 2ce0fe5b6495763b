-- What the warehouse holds of the invoices of the file.
select
    count(*) as lines,
    coalesce(sum(amount), 0) as amount
from warehouse.line
where invoice_no in (select invoice_no from file_invoice)
