-- What a change replaces goes to a partition of its own in warehouse_before, for a rollback.
create table warehouse_before.line_{change} partition of warehouse_before.line for values in ({change});

create table warehouse_before.day_{change} partition of warehouse_before.day for values in ({change});

with

taken as (

    delete from warehouse.line
    where month = any(%(months)s) and invoice_at::date = any(%(days)s)
    returning {line_columns}

)

insert into warehouse_before.line_{change} ({line_columns}, change_id)
select
    {line_columns},
    {change} as change_id
from taken;

with

taken as (

    delete from warehouse.day
    where day = any(%(days)s)
    returning {day_columns}

)

insert into warehouse_before.day_{change} ({day_columns}, change_id)
select
    {day_columns},
    {change} as change_id
from taken
