with

column_said as (

    select * from rollup.column

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
from column_said
