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
    lines_read - lines_kept as lines_rejected,
    jsonb_array_length(months_changed) as months_changed,
    jsonb_array_length(closed_month_changes) as closed_month_changes,
    segment_moves,
    (after ->> 'sales')::numeric as sales_after,
    (after ->> 'sales')::numeric - (before ->> 'sales')::numeric as sales_change,
    (select sum(step.value::numeric) from jsonb_each_text(receipt.seconds) as step) as seconds,
    coalesce((assets ->> 'create')::integer, 0) as assets_created,
    coalesce((assets ->> 'update')::integer, 0) as assets_updated,
    coalesce((assets ->> 'prune')::integer, 0) as assets_pruned
from receipt
