-- The money of the lines in landing, less rejected ones, is the money in the warehouse, exactly.
with

written as (

    select
        price_type,
        -- the first of them is the decimal sign; the others, and blanks, only part thousands
        case when account #>> '{reading,decimal}' = ',' then ',.' else '.,' end
        || e' \t\n\r\v\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b'
        || e'\u2028\u2029\u202f\u205f\u3000\ufeff' as signs,
        array(select jsonb_array_elements_text(account #> '{reading,taken_back}')) as taken_back
    from landing.source

),

numbers as (

    select
        written.price_type,
        case
            when lower(btrim(line.status)) = any(written.taken_back)
                then '-' || ltrim(translate(line.quantity, written.signs, '.'), '-+')
            else translate(line.quantity, written.signs, '.')
        end as quantity,
        translate(line.unit_price, written.signs, '.') as unit_price
    from landing.line
    cross join written
    where not exists (
        select from landing.reject
        where reject.landing_line = line.line_number
    )

),

landed as (

    select
        sum(
            quantity::numeric
            * case -- six digits are the same as real, too
                when octet_length(unit_price) <= 6 then unit_price::numeric
                when price_type = 'real' then unit_price::real::text::numeric
                when price_type = 'double precision' then unit_price::double precision::text::numeric
                else unit_price::numeric
            end
        ) as amount
    from numbers

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
