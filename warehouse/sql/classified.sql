-- Typed lines with all that follows from each alone. Here, and nowhere else, stands what a line's type is.
--
-- What shop.yml says of them is put in below.
--
-- not a product  postage, fees, vouchers, manual entries, corrections and tests, by their codes
-- cancellation   by the invoice number, or by the status of the line
-- adjustment     the same, or the price is negative
-- write_off      the quantity is negative without a cancellation: stock that left without a customer
-- free           nothing was charged
-- fee            something was charged for what is not a product
-- sale           all else
select
    *,
    (invoice_at::date - date '1970-01-01')::bigint * 10000000000 + line_number as line_id,
    -- 52 bits: a browser keeps the number whole
    coalesce(customer_id, -1 - (hashtextextended(invoice_no, 0) & 4503599627370495)) as customer_key,
    quantity * unit_price as amount,
    case
        when {is_cancelled} then 'cancellation'
        when {is_adjusted} then 'adjustment'
        when quantity < 0 then 'write_off'
        when unit_price = 0 or quantity = 0 then 'free'
        when not is_product then 'fee'
        else 'sale'
    end as line_type
from (
    select
        *,
        date_trunc('month', invoice_at)::date as month,
        {is_product} as is_product
    from ({lines}) as typed
    -- The same fence.
    offset '0' -- noqa: AM09
) as judged
