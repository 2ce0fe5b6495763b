-- Each day becomes what it was before the first of the changes that replaced it.
create temporary table first_change on commit drop as
select distinct on (replaced.day)
    replaced.day,
    change.change_id
from warehouse_before.change
cross join unnest(change.days) as replaced (day)
where change.change_id between %(oldest)s and %(newest)s
order by replaced.day asc, change.change_id asc;

analyze first_change;

insert into warehouse.line ({line_columns})
select {line_columns}
from warehouse_before.line as kept
where
    change_id between %(oldest)s and %(newest)s
    and exists (
        select from first_change
        where first_change.change_id = kept.change_id and first_change.day = kept.invoice_at::date
    );

insert into warehouse.day ({day_columns})
select {day_columns}
from warehouse_before.day as kept
where
    change_id between %(oldest)s and %(newest)s
    and exists (
        select from first_change
        where first_change.change_id = kept.change_id and first_change.day = kept.day
    );

drop table first_change;

analyze warehouse.line
