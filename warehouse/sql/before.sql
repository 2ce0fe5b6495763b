select
    source.file,
    source.form,
    source.sha256,
    source.lines_read,
    source.account,
    undone.receipt_id,
    array(select m.month::date from jsonb_array_elements_text(undone.months_changed) as m (month)) as months
from landing_before.source
cross join (
    select * from warehouse.receipt
    where months_changed <> '[]'
    order by receipt_id desc
    limit 1
) as undone
