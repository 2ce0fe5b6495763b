-- The lines counted in the file are those in the warehouse, those rejected, those set aside with their
-- day, and those passed over by name.
with

counts as (

    select
        source.lines_counted,
        source.lines_kept,
        (
            select count(*) from landing.reject
            where reject.load_id = source.load_id
        ) as lines_rejected,
        source.lines_passed_over,
        source.lines_set_aside
    from landing.source
    order by source.load_id desc
    limit 1

)

select *
from counts
where lines_counted is distinct from lines_kept + lines_rejected + lines_set_aside + lines_passed_over
