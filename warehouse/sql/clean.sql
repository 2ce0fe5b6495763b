-- Each line of landing with what makes no difference taken away: blanks around a value, the case of letters in invoice
-- numbers and codes, a country's many names, words for a missing value. Here, and nowhere else.
-- {blanks} are those that are cut off texts; {description} is empty where it is a word for nothing. Numbers and dates
-- are {quantity}, {invoice_date}, {unit_price} and {customer_id}: raw where every line is first tried as PostgreSQL
-- itself would print it.
select
    line.load_id,
    line.line_number,
    upper(btrim(line.invoice_no{blanks}) collate "C") as invoice_no,
    upper(btrim(line.stock_code{blanks}) collate "C") as stock_code,
    {description} as description,
    {quantity} as quantity,
    {invoice_date} as invoice_date,
    {unit_price} as unit_price,
    case
        when ascii(line.customer_id) between 49 and 57 then {customer_id}
        when lower(btrim(line.customer_id{blanks})) <> all({no_customer}) then {customer_id}
    end as customer_id,
    coalesce(spelling.country, nullif(initcap(btrim(line.country{blanks})), ''), 'Unspecified') as country,
    lower(btrim(line.status{blanks})) as status
from landing.line
left join landing.spelling on lower(btrim(line.country{blanks}) collate "C") = spelling.spelling
where {kept}
-- A fence: each value is worked out once, however often it is used. As a number it would bar parallel plans.
offset '0' -- noqa: AM09
