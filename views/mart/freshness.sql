with

receipt as (

    select * from warehouse.receipt

)

select
    receipt_id,
    refreshed_at,
    regexp_replace(source, '^.*[/\\]', '') as source,
    form,
    lines_read,
    lines_kept,
    (
        select coalesce(sum(reject.value::bigint), 0)::bigint from jsonb_each_text(receipt.rejected) as reject
    ) as lines_rejected
from receipt
order by receipt_id desc
limit 1
