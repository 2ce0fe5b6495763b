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
    where load_id = any(%(files)s) {of_generation}
    returning {line_columns}

)

insert into {target}.line ({line_columns} {generation_column})
select {line_columns} {generation_value}
from moved;

with

moved as (

    delete from {origin}.reject
    where load_id = any(%(files)s) {of_generation}
    returning {reject_columns}

)

insert into {target}.reject ({reject_columns} {generation_column}) overriding system value
select {reject_columns} {generation_value}
from moved
