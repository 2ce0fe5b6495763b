with

mart_column as (

    select * from rollup.mart_column

)

select
    relation,
    column_name,
    position,
    label,
    description,
    role,
    data_type,
    format,
    currency,
    is_additive,
    refers_to
from mart_column
