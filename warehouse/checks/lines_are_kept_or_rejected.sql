-- Lines read are lines kept plus lines rejected.
with

counts as (

    select
        (select lines_read from landing.source) as lines_read,
        (select count(*) from warehouse.line) as lines_kept,
        (select count(*) from landing.reject) as lines_rejected

)

select *
from counts
where lines_read is distinct from lines_kept + lines_rejected
