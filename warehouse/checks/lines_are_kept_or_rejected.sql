-- Lines read are lines kept plus lines rejected; the lines of a file that began landing are all.
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
        (select coalesce(sum(day.lines), 0) from warehouse.day) as lines_in_warehouse
    from landing.source
    order by source.load_id desc
    limit 1

)

select *
from counts
where
    lines_read is distinct from lines_kept + lines_rejected
    or (load_id = 1 and lines_kept is distinct from lines_in_warehouse)
