-- What a refresh replaces goes to warehouse_before, for a rollback.
truncate warehouse_before.line, warehouse_before.month;

with

taken as (

    delete from warehouse.line
    where month = any(%(months)s)
    returning *

)

insert into warehouse_before.line
select * from taken;

with

taken as (

    delete from warehouse.month
    where month = any(%(months)s)
    returning *

)

insert into warehouse_before.month
select * from taken
