-- Lines that went and lines that came. A day is replaced as a whole, so most of its lines did neither.
create temporary table changed_warehouse_line on commit drop as
with

removed as (

    select {columns}
    from warehouse_before.line
    where change_id = %(change)s

),

added as (

    select {columns}
    from warehouse.line
    where month = any(%(months)s) and invoice_at::date = any(%(days)s)

),

gone as (

    select * from removed
    except all
    select * from added

),

new as (

    select * from added
    except all
    select * from removed

)

select
    *,
    false as is_new
from gone
union all
select
    *,
    true as is_new
from new
