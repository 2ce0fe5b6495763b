with

metric as (

    select * from rollup.metric

)

select
    metric,
    label,
    formula,
    unit,
    description,
    owner,
    where_used,
    is_certified,
    is_additive,
    warning
from metric
