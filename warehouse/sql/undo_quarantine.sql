-- A rollback sets aside again what the undone refresh released, and releases what it set aside; a second one undoes
-- that.
with

undone as (

    select refreshed_at
    from warehouse.receipt
    where receipt_id = %(receipt_id)s

)

update warehouse.quarantine
set
    set_aside_at = case when released_at = undone.refreshed_at then now() else set_aside_at end,
    released_at = case when released_at = undone.refreshed_at then null else now() end
from undone
where released_at = undone.refreshed_at or (released_at is null and set_aside_at = undone.refreshed_at)
