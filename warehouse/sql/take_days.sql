-- What a refresh replaces goes to warehouse_before, for a rollback.
truncate warehouse_before.line, warehouse_before.day;

with

taken as (

    delete from warehouse.line
    where month = any(%(months)s) and invoice_at::date = any(%(days)s)
    returning *

)

insert into warehouse_before.line
select * from taken;

with

taken as (

    delete from warehouse.day
    where day = any(%(days)s)
    returning *

)

insert into warehouse_before.day
select * from taken
