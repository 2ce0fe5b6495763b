-- The lines counted in the file are those in the warehouse, those rejected, and those passed over by name.
with

counts as (

    select
        lines_counted,
        (select coalesce(sum(lines), 0) from warehouse.month) as lines_kept,
        (select count(*) from landing.reject) as lines_rejected,
        lines_passed_over
    from landing.source

)

select *
from counts
where lines_counted is distinct from lines_kept + lines_rejected + lines_passed_over
