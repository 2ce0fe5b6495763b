-- In how many lines the dates and numbers are written in which way, over the whole file. Few values differ, so each
-- is looked at once.
with

line as (

    {clean}

),

dates as (

    select
        value,
        lines,
        value ~ '^[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}{time}$' as is_year_first,
        value ~ '^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}{time} ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$' as is_offset,
        value ~ '^[0-9]{1,2}[/.-][0-9]{1,2}[/.-]([0-9]{4}|[0-9]{2}){time}$' as is_numeric,
        value ~ '^[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}( |$)' as is_short,
        value ~ '^[0-9]{1,2}[ -][[:alpha:]]{3,9}[ -][0-9]{4}{time}$' as is_named,
        regexp_split_to_array(value, '[^0-9]+') as parts
    from (
        select
            invoice_date as value,
            count(*) as lines
        from line
        group by invoice_date
    ) as counted

),

date_forms as (

    select
        coalesce(sum(lines) filter (where is_year_first), 0) as dates_year_first,
        coalesce(sum(lines) filter (where is_offset), 0) as dates_offset,
        coalesce(sum(lines) filter (where is_numeric), 0) as dates_numeric,
        coalesce(sum(lines) filter (where is_named), 0) as dates_named,
        coalesce(sum(lines) filter (where is_short), 0) as dates_short,
        coalesce(sum(lines) filter (where is_numeric and parts[1]::integer > 12 and parts[2]::integer < 13), 0)
            as day_first,
        coalesce(sum(lines) filter (where is_numeric and parts[2]::integer > 12 and parts[1]::integer < 13), 0)
            as month_first,
        min(value) filter (where is_numeric) as numeric_date,
        min(value) filter (where is_numeric and parts[1]::integer > 12 and parts[2]::integer < 13) as day_first_date,
        min(value) filter (where is_numeric and parts[2]::integer > 12 and parts[1]::integer < 13) as month_first_date
    from dates

),

numbers as (

    select
        value,
        is_quantity,
        count(*) as lines,
        -- A sign that cannot part thousands is the decimal one; one that parts them in some way is the other.
        value ~ '[.]([0-9]{1,2}|[0-9]{4,})$|^[+-]?(0?|[0-9]{4,})[.][0-9]|,[0-9]{3}[.,]' as has_point,
        value ~ ',([0-9]{1,2}|[0-9]{4,})$|^[+-]?(0?|[0-9]{4,}),[0-9]|[.][0-9]{3}[.,]' as has_comma,
        value ~ '^[+-]?[1-9][0-9]{0,2}[.][0-9]{3}$' as may_point,
        value ~ '^[+-]?[1-9][0-9]{0,2},[0-9]{3}$' as may_comma
    from (
        select
            unit_price as value,
            false as is_quantity
        from line
        union all
        select
            quantity as value,
            true as is_quantity
        from line
    ) as signed
    where value ~ '[0-9]'
    group by value, is_quantity

),

number_forms as (

    select
        coalesce(sum(lines) filter (where has_point), 0) as points,
        coalesce(sum(lines) filter (where has_comma), 0) as commas,
        coalesce(sum(lines) filter (where may_point and not is_quantity), 0) as may_be_points,
        coalesce(sum(lines) filter (where may_comma), 0) as may_be_commas,
        coalesce(sum(lines) filter (where may_point and is_quantity), 0) as quantity_points,
        coalesce(sum(lines) filter (where may_comma and is_quantity), 0) as quantity_commas,
        coalesce(sum(lines) filter (where not is_quantity and value !~ '[.][0-9]{3}$'), 0) as unfixed_prices,
        coalesce(sum(lines) filter (where is_quantity and value !~ '[.][0-9]{3}$'), 0) as unfixed_point_quantities,
        coalesce(sum(lines) filter (where is_quantity and value !~ ',[0-9]{3}$'), 0) as unfixed_comma_quantities,
        min(value) filter (where may_point or may_comma) as number,
        min(value) filter (where has_point) as point_number,
        min(value) filter (where has_comma) as comma_number
    from numbers

)

select *
from date_forms
cross join number_forms
