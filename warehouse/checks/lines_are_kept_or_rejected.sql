-- Lines read are lines kept plus lines rejected. What the months add up to, months_are_noted holds to the lines.
with

counts as (

    select
        (select lines_read from landing.source) as lines_read,
        (select coalesce(sum(lines), 0) from warehouse.month) as lines_kept,
        (select count(*) from landing.reject) as lines_rejected

)

select *
from counts
where lines_read is distinct from lines_kept + lines_rejected
