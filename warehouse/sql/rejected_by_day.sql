-- The lines of earlier files that were rejected, by their day where it can be read. Lines of invoices that a later file
-- replaced count no more.
with

rejected as (

    select
        line.quantity,
        line.unit_price,
        left(btrim(line.invoice_date), 10) as day
    from landing_replaced.reject as reject
    inner join landing_replaced.line as line
        on reject.load_id = line.load_id and reject.landing_line = line.line_number
    where
        not exists (
            select from landing_replaced.line as later
            where later.load_id > reject.load_id and later.invoice_no = line.invoice_no
        )

),

readable as (

    select
        day::date as day,
        pg_input_is_valid(quantity, 'numeric') and pg_input_is_valid(unit_price, 'numeric') as has_amount,
        quantity,
        unit_price
    from rejected
    where day ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' and pg_input_is_valid(day, 'date')

)

select
    day,
    count(*) as lines,
    coalesce(sum(case when has_amount then quantity::numeric * unit_price::numeric end), 0) as amount
from readable
group by day
