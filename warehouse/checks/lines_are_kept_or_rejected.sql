-- Lines read are lines kept, rejected, or set aside with their day; the lines of a file that began landing are all of
-- the other days.
with

counts as (

    select
        source.load_id,
        source.lines_read,
        source.lines_kept,
        (
            select count(*) from landing.reject
            where reject.load_id = source.load_id
        ) as lines_rejected,
        source.lines_set_aside,
        (
            select coalesce(sum(day.lines), 0) from warehouse.day
            where not source.days_set_aside ? day.day::text
        ) as lines_in_warehouse
    from landing.source
    order by source.load_id desc
    limit 1

)

select *
from counts
where
    lines_read is distinct from lines_kept + lines_rejected + lines_set_aside
    or (load_id = 1 and lines_kept is distinct from lines_in_warehouse)
