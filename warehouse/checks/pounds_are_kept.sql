-- The pounds of the lines in landing, less rejected ones, are the pounds in the warehouse, to the penny.
with

landed as (

    select
        sum(
            line.quantity::numeric
            * case -- six digits are the same as real, too
                when octet_length(line.unit_price) <= 6 then line.unit_price::numeric
                when source.price_type = 'real' then line.unit_price::real::text::numeric
                when source.price_type = 'double precision' then line.unit_price::double precision::text::numeric
                else line.unit_price::numeric
            end
        ) as amount
    from landing.line
    cross join landing.source
    where not exists (
        select from landing.reject
        where reject.landing_line = line.line_number
    )

),

kept as (

    select sum(amount) as amount from warehouse.month

)

select
    landed.amount as in_landing,
    kept.amount as in_warehouse
from landed
cross join kept
where round(coalesce(landed.amount, 0), 2) <> round(coalesce(kept.amount, 0), 2)
