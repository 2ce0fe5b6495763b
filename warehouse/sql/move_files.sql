-- Files go out of landing, or come in again.
with

moved as (

    delete from {origin}.source
    where load_id = any(%(files)s) and generation = %(generation)s
    returning {source_columns}

)

insert into {target}.source ({source_columns})
select {source_columns}
from moved;

with

moved as (

    delete from {origin}.line
    where load_id = any(%(files)s) and {of_generation}
    returning {line_columns}

)

insert into {target}.line ({line_target})
select {line_values}
from moved;

with

moved as (

    delete from {origin}.reject
    where load_id = any(%(files)s) and {of_generation}
    returning {reject_columns}

)

insert into {target}.reject ({reject_target}) overriding system value
select {reject_values}
from moved
