-- Fills landing.reject: lines that do not fit the columns, and lines of landing with the first reason that holds.
-- {dates} is how the dates of the file are written, {moment}, {quantity} and {price} how its values are read.
-- Judged in a table of its own first, since two cores fill a table together, but not one that is there.
create unlogged table landing.judged as
with

line as (

    {clean}

),

judged as (

    select
        line_number,
        case
            when coalesce(invoice_no, '') in ('', 'NULL', '\N', 'NAN', 'N/A', '#N/A') then 'no invoice number'
            when octet_length(invoice_no) > 40 then 'invoice number is too long'
            when strpos(invoice_no, 'E') > 0 and invoice_no ~ '{shortened}'
                then 'a spreadsheet has shortened the invoice number'
            when coalesce(stock_code, '') in ('', 'NULL', '\N', 'NAN', 'N/A', '#N/A') then 'no stock code'
            when octet_length(stock_code) > 40 then 'stock code is too long'
            when strpos(stock_code, 'E') > 0 and stock_code ~ '{shortened}'
                then 'a spreadsheet has shortened the stock code'
            when stock_code !~ '^[[:alnum:]][[:alnum:] ._/+-]*$' then 'stock code has signs that no code has'
            when coalesce(quantity, '') = '' then 'no quantity'
            when quantity !~ '{whole}' then 'quantity is no whole number'
            when not pg_input_is_valid({quantity_text}, 'integer') then 'quantity is out of range'
            when {quantity} not between -1000000 and 1000000 then 'quantity is out of range'
            when coalesce(invoice_date, '') = '' then 'no invoice date'
            when invoice_date ~ '^[0-9]{5}([.,][0-9]+)?$' then 'invoice date is a number, as spreadsheets keep dates'
            when
                invoice_date !~ '{dates}'
                and invoice_date ~ '{any_dates}'
                and pg_input_is_valid(invoice_date, 'timestamp')
                then 'invoice date is not written as the others are'
            when invoice_date !~ '{dates}' or not pg_input_is_valid(invoice_date, 'timestamp')
                then 'invoice date is no date'
            when {moment} < '1990-01-01' then 'invoice date is out of range'
            when {moment} >= current_date + 2 then 'invoice date is in the future'
            when coalesce(unit_price, '') = '' then 'no unit price'
            when unit_price !~ '{number}' then 'unit price is no number'
            when abs({price}) >= 1e9 then 'unit price is out of range'
            when abs({quantity} * {price}) > 1e7 then 'amount is out of range'
            when customer_id is null then null
            when
                strpos(customer_id, 'E') > 0
                and customer_id ~ '^[0-9]+([.][0-9]+)?E[+][0-9]{1,3}$'
                and length(split_part(split_part(customer_id, 'E', 1), '.', 2))
                < split_part(customer_id, '+', 2)::integer
                then 'a spreadsheet has shortened the customer id'
            when customer_id !~ '^[0-9]+([.][0-9]*)?([eE][+]?[0-9]{1,2})?$' then 'customer id is no whole number'
            when customer_id::numeric not between 1 and 2147483647 then 'customer id is out of range'
            when customer_id::numeric <> trunc(customer_id::numeric) then 'customer id is no whole number'
        end as reason
    from line

)

select *
from judged
where reason is not null;

insert into landing.reject (file, line_number, reason, text, landing_line)
with

places as (

    select * from unnest(%(names)s, %(starts)s, %(shifts)s) as p (name, start, shift)

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
        judged.line_number,
        judged.reason,
        concat_ws(
            e'\t',
            coalesce(landed.invoice_no, ''),
            coalesce(landed.stock_code, ''),
            coalesce(landed.description, ''),
            coalesce(landed.quantity, ''),
            coalesce(landed.invoice_date, ''),
            coalesce(landed.unit_price, ''),
            coalesce(landed.customer_id, ''),
            coalesce(landed.country, '')
        ) as text,
        judged.line_number as landing_line
    from landing.judged
    inner join landing.line as landed on judged.line_number = landed.line_number

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
order by rejected.line_number;

drop table landing.judged
