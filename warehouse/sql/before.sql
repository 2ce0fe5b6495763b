-- The newest change of lines, and what of landing is kept to undo it: a whole generation, or the file that was added or
-- taken out last.
select
    undone.receipt_id,
    undone.days_changed,
    coalesce((select min(load_id) from landing_before.source), 0) as first_kept,
    (select max(load_id) from landing.source) as newest
from (
    select
        receipt.receipt_id,
        array(select d.day::date from jsonb_array_elements_text(receipt.days_changed) as d (day)) as days_changed
    from warehouse.receipt
    where receipt.days_changed <> '[]'
    order by receipt.receipt_id desc
    limit 1
) as undone
