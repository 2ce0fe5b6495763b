with

quarantine as (

    select * from warehouse.quarantine

)

select
    quarantine_id,
    day,
    contract,
    file,
    lines,
    amount,
    set_aside_at,
    released_at,
    released_at is null as is_set_aside
from quarantine
