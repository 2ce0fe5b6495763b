-- Fills landing.reject: lines that do not fit the columns, and lines of landing with the first reason that holds.
insert into landing.reject (file, line_number, reason, text, landing_line)
with

landed as (

    select * from landing.line

),

places as (

    select * from unnest(%(names)s, %(starts)s, %(shifts)s) as p (name, start, shift)

),

judged as (

    select
        *,
        case
            when coalesce(btrim(invoice_no), '') = '' then 'no invoice number'
            when octet_length(invoice_no) > 40 then 'invoice number is too long'
            when coalesce(btrim(stock_code), '') = '' then 'no stock code'
            when octet_length(stock_code) > 40 then 'stock code is too long'
            when coalesce(btrim(quantity), '') = '' then 'no quantity'
            when quantity !~ '^[+-]?[0-9]+([.]0*)?$' then 'quantity is no whole number'
            when not pg_input_is_valid(split_part(quantity, '.', 1), 'integer') then 'quantity is out of range'
            when coalesce(btrim(invoice_date), '') = '' then 'no invoice date'
            when
                invoice_date !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?)?$'
                and invoice_date !~ '^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}( [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)?$'
                or not pg_input_is_valid(invoice_date, 'timestamp')
                then 'invoice date is no date'
            when invoice_date::timestamp < '1990-01-01' then 'invoice date is out of range'
            when invoice_date::timestamp >= current_date + 2 then 'invoice date is in the future'
            when coalesce(btrim(unit_price), '') = '' then 'no unit price'
            when unit_price !~ '^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$'
                then 'unit price is no number'
            when abs(unit_price::numeric) >= 1e9 then 'unit price is out of range'
            when coalesce(customer_id, '') = '' then null
            when customer_id !~ '^[0-9]+([.][0-9]*)?([eE][+]?[0-9]{1,2})?$' then 'customer id is no whole number'
            when customer_id::numeric not between 1 and 2147483647 then 'customer id is out of range'
            when customer_id::numeric <> trunc(customer_id::numeric) then 'customer id is no whole number'
        end as reason
    from landed

),

rejected as (

    select
        line_number,
        reason,
        text,
        null as landing_line
    from unfit
    union all
    select
        line_number,
        reason,
        concat_ws(
            e'\t',
            coalesce(invoice_no, ''),
            coalesce(stock_code, ''),
            coalesce(description, ''),
            coalesce(quantity, ''),
            coalesce(invoice_date, ''),
            coalesce(unit_price, ''),
            coalesce(customer_id, ''),
            coalesce(country, '')
        ) as text,
        line_number as landing_line
    from judged
    where reason is not null

)

select
    place.name as file,
    rejected.line_number - place.shift as line_number,
    rejected.reason,
    rejected.text,
    rejected.landing_line
from rejected
cross join
    lateral (
        select
            places.name,
            places.shift
        from places
        where places.start <= rejected.line_number
        order by places.start desc
        limit 1
    ) as place
order by rejected.line_number
