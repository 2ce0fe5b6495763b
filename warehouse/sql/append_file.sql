-- The lines of a file that was added to those before it: its invoices replace those of the same number.
delete from landing.fingerprint
where invoice_no in (select invoice_no from landing.added);

update landing.added
set
    line_number = line_number + last.number,
    line_id = line_id + last.number
from (select coalesce(max(line_number), 0) as number from landing.fingerprint) as last;

insert into landing.fingerprint select * from landing.added;

drop table landing.added
