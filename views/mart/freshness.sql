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
    lines_read - lines_kept as lines_rejected
from receipt
order by receipt_id desc
limit 1
