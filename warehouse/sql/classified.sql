-- Typed lines with all that follows from each alone. Here, and nowhere else, stands what a line's type is.
--
-- not a product  postage and carriage (POST, DOT, C2, C3, 23444), packing (23574), manual entries and discounts (M, D),
--                samples (S), bad debt (B), bank and marketplace charges, commission, gift vouchers (22016 is one),
--                corrections and tests
-- cancellation   the invoice number starts with C
-- adjustment     the invoice number starts with A, or the price is negative
-- write_off      the quantity is negative without a cancellation: stock that left without a customer
-- free           nothing was charged
-- fee            something was charged for what is not a product
-- sale           all else
select
    *,
    (date_part('year', month) * 100 + date_part('month', month))::bigint * 10000000000 + line_number as line_id,
    -- 52 bits: a browser keeps the number whole
    coalesce(customer_id, -1 - (hashtextextended(invoice_no, 0) & 4503599627370495)) as customer_key,
    quantity * unit_price as amount,
    case
        when starts_with(invoice_no, 'C') then 'cancellation'
        when starts_with(invoice_no, 'A') or unit_price < 0 then 'adjustment'
        when quantity < 0 then 'write_off'
        when unit_price = 0 or quantity = 0 then 'free'
        when not is_product then 'fee'
        else 'sale'
    end as line_type
from (
    select
        *,
        date_trunc('month', invoice_at)::date as month,
        case
            when ascii(stock_code) between 48 and 57 then stock_code not in ('23444', '23574', '22016')
            else
                stock_code
                !~* '^(post|dot|c2|c3|m|d|s|b|bank charges|amazonfee|cruk|adjust[0-9]*|test[0-9]*|gift.*)$'
        end as is_product
    from ({lines}) as typed
    -- The same fence.
    offset '0' -- noqa: AM09
) as judged
