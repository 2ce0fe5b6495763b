-- The file in landing joins those that were set aside when it came.
-- A file that was taken out keeps its number, since it may come back.
update landing.source
set
    load_id = held.load_id + 1,
    generation = held.generation
from (
    select
        last.generation,
        greatest(
            last.load_id,
            (
                select max(taken_out.load_id) from landing_before.source as taken_out
                where taken_out.generation = last.generation
            )
        ) as load_id
    from (
        select
            max(generation) as generation,
            max(load_id) as load_id
        from landing_replaced.source
    ) as last
) as held;

insert into landing_replaced.source select * from landing.source;

update landing.line
set load_id = source.load_id
from landing.source;

insert into landing_replaced.line select * from landing.line;

insert into landing_replaced.reject (file, line_number, reason, text, landing_line, load_id)
select
    reject.file,
    reject.line_number,
    reject.reason,
    reject.text,
    reject.landing_line,
    source.load_id
from landing.reject
cross join landing.source
order by reject.reject_id;

drop schema landing cascade;

alter schema landing_replaced rename to landing
