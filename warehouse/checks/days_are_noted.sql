-- What warehouse.day says of a day is what its lines add up to.
with

lines as (

    select
        invoice_at::date as day,
        count(*) as lines,
        sum(amount) as amount,
        sum(hash::numeric) as content_hash
    from {line} as line
    group by invoice_at::date

)

select
    coalesce(lines.day, noted.day) as day,
    lines.lines,
    noted.lines as noted_lines,
    lines.amount,
    noted.amount as noted_amount,
    lines.content_hash,
    noted.content_hash as noted_content_hash
from lines
full join {day} as noted on lines.day = noted.day
where
    (lines.lines, lines.amount, lines.content_hash) is distinct from (noted.lines, noted.amount, noted.content_hash)
