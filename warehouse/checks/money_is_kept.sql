-- The money of the lines of the newest file in landing, less rejected ones, is the money in the warehouse and that of
-- days set aside, exactly.
with

written as (

    select
        load_id,
        amount_kept + amount_set_aside as amount_kept,
        price_type,
        -- the first of them is the decimal sign; the others, and blanks, only part thousands
        case when account #>> '{reading,decimal}' = ',' then ',.' else '.,' end
        || e' \t\n\r\v\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b'
        || e'\u2028\u2029\u202f\u205f\u3000\ufeff' as signs,
        array(select jsonb_array_elements_text(account #> '{reading,taken_back}')) as taken_back
    from landing.source
    order by load_id desc
    limit 1

),

-- A file that was added is found by its index, and the large one that landing began with is left alone then.
line as (

    select line.*
    from landing.line
    where line.load_id = 1 and (select written.load_id from written) = 1
    union all
    select line.*
    from landing.line
    where line.load_id > 1 and line.load_id = (select written.load_id from written)

),

-- Few texts differ, so each is read once.
texts as (

    select
        line.quantity,
        line.unit_price,
        line.status,
        count(*) as lines
    from line
    where
        not exists (
            select from landing.reject
            where reject.landing_line = line.line_number and reject.load_id = line.load_id
        )
    group by line.quantity, line.unit_price, line.status

),

numbers as (

    select
        texts.lines,
        written.price_type,
        case
            when lower(btrim(texts.status)) = any(written.taken_back)
                then '-' || ltrim(translate(texts.quantity, written.signs, '.'), '-+')
            else translate(texts.quantity, written.signs, '.')
        end as quantity,
        translate(texts.unit_price, written.signs, '.') as unit_price
    from texts
    cross join written

),

landed as (

    select
        sum(
            lines * quantity::numeric
            * case -- six digits are the same as real, too
                when octet_length(unit_price) <= 6 then unit_price::numeric
                when price_type = 'real' then unit_price::real::text::numeric
                when price_type = 'double precision' then unit_price::double precision::text::numeric
                else unit_price::numeric
            end
        ) as amount
    from numbers

)

select
    landed.amount as in_landing,
    written.amount_kept as in_warehouse
from landed
cross join written
where round(coalesce(landed.amount, 0), 2) <> round(coalesce(written.amount_kept, 0), 2)
