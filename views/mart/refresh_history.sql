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
    ) as lines_rejected,
    coalesce(
        (
            select string_agg(reject.key || ': ' || to_char(reject.value::bigint, 'FM999,999,999'), '; ')
            from jsonb_each_text(receipt.rejected) as reject
        ),
        'none'
    ) as rejects,
    (
        select string_agg(part.key || ': ' || to_char(part.value::bigint, 'FM999,999,999'), '; ')
        from jsonb_each_text(receipt.account -> 'parts') as part
    ) as parts_read,
    (
        select string_agg(decision, '; ')
        from jsonb_array_elements_text(receipt.account -> 'decisions') as decision
    ) as decisions,
    coalesce(
        (
            select string_agg(passed.key || ': ' || to_char(passed.value::bigint, 'FM999,999,999'), '; ')
            from jsonb_each_text(receipt.account -> 'passed_over') as passed
        ),
        'none'
    ) as passed_over,
    coalesce(
        (
            select string_agg(part.key || ' (' || part.value || ')', '; ')
            from jsonb_each_text(receipt.account -> 'left_out') as part
        ),
        'nothing'
    ) as left_out,
    coalesce(
        (
            select string_agg(novelty, '; ')
            from jsonb_array_elements_text(receipt.account -> 'new') as novelty
        ),
        'nothing'
    ) as new_values,
    coalesce(
        (
            select string_agg(warning, ' ')
            from jsonb_array_elements_text(receipt.account -> 'warnings') as warning
        ),
        'none'
    ) as warnings,
    jsonb_array_length(set_aside) as days_set_aside,
    jsonb_array_length(days_changed) as days_changed,
    jsonb_array_length(months_changed) as months_changed,
    jsonb_array_length(closed_month_changes) as closed_month_changes,
    moves as segment_moves,
    (before ->> 'sales')::numeric as sales_before,
    (after ->> 'sales')::numeric as sales_after,
    (after ->> 'sales')::numeric - (before ->> 'sales')::numeric as sales_change,
    (select sum(step.value::numeric) from jsonb_each_text(receipt.seconds) as step) as seconds,
    coalesce((assets ->> 'create')::integer, 0) as assets_created,
    coalesce((assets ->> 'update')::integer, 0) as assets_updated,
    coalesce((assets ->> 'prune')::integer, 0) as assets_pruned
from receipt
