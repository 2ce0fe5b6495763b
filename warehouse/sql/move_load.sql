-- One file goes from one generation of landing to the other.
with

moved as (

    delete from {origin}.source
    where load_id = %(load_id)s
    returning *

)

insert into {target}.source
select * from moved;

with

moved as (

    delete from {origin}.line
    where load_id = %(load_id)s
    returning *

)

insert into {target}.line
select * from moved;

with

moved as (

    delete from {origin}.reject
    where load_id = %(load_id)s
    returning *

)

insert into {target}.reject overriding system value
select * from moved
