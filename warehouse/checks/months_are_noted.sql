-- What warehouse.month says of a month is what its lines add up to.
with

lines as (

    select
        month,
        count(*) as lines,
        sum(amount) as amount
    from warehouse.line
    group by month

)

select
    coalesce(lines.month, noted.month) as month,
    lines.lines,
    noted.lines as noted_lines,
    lines.amount,
    noted.amount as noted_amount
from lines
full join warehouse.month as noted on lines.month = noted.month
where (lines.lines, lines.amount) is distinct from (noted.lines, noted.amount)
