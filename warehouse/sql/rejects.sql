-- Lines of landing that cannot be transactions, with the first reason that holds.
with

landed as (

    select * from landing.line

),

judged as (

    select
        line_number,
        case
            when coalesce(btrim(invoice_no), '') = '' then 'has no invoice number'
            when coalesce(btrim(stock_code), '') = '' then 'has no stock code'
            when octet_length(invoice_no) > 40 then 'has an invoice number that is too long'
            when octet_length(stock_code) > 40 then 'has a stock code that is too long'
            when coalesce(btrim(quantity), '') = '' then 'has no quantity'
            when quantity !~ '^[+-]?[0-9]+([.]0*)?$' then 'has a quantity that is no whole number'
            when not pg_input_is_valid(split_part(quantity, '.', 1), 'integer')
                then 'has a quantity that is out of range'
            when coalesce(btrim(invoice_date), '') = '' then 'has no invoice date'
            when
                invoice_date !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?)?$'
                and invoice_date !~ '^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}( [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)?$'
                or not pg_input_is_valid(invoice_date, 'timestamp')
                then 'has an invoice date that is no date'
            when invoice_date::timestamp not between '1970-01-01' and '2199-12-31 23:59:59'
                then 'has an invoice date that is out of range'
            when coalesce(btrim(unit_price), '') = '' then 'has no unit price'
            when unit_price !~ '^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$'
                then 'has a unit price that is no number'
            when abs(unit_price::numeric) >= 1e9 then 'has a unit price that is out of range'
            when coalesce(customer_id, '') = '' then null
            when customer_id !~ '^[0-9]+([.]0*)?([eE][+]?[0-9]{1,2})?$'
                then 'has a customer id that is no whole number'
            when customer_id::numeric not between 1 and 2147483647 then 'has a customer id that is out of range'
        end as reason
    from landed

)

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
    ) as text
from judged
inner join landed on judged.line_number = landed.line_number
where judged.reason is not null
order by judged.line_number
