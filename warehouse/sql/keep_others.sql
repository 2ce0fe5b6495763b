-- Lines of other invoices on the days that a file touches, put beside the lines of the file: a day is compared, and
-- replaced, as a whole.
-- The numbers stand in a table of their own, or the server expects as many as there are lines, and uses no index; nor
-- does it for those of landing, whose collation is another.
create temporary table file_invoice on commit drop as
select distinct invoice_no collate "default" as invoice_no
from landing.fingerprint;

analyze file_invoice;

create temporary table touched on commit drop as
select
    day,
    date_trunc('month', day)::date as month
from landing.fingerprint
union
select
    invoice_at::date as day,
    month
from warehouse.line
where invoice_no in (select invoice_no from file_invoice);

analyze touched;

insert into landing.fingerprint (
    line_number, invoice_no, stock_code, description, quantity, invoice_at, unit_price, customer_id, country,
    line_id, customer_key, amount, line_type, is_product, month, day, hash
)
with

other as (

    select
        line.*,
        (select max(line_number) from landing.fingerprint) + row_number() over (order by line.line_id) as line_number
    from warehouse.line as line
    inner join touched on line.month = touched.month and line.invoice_at::date = touched.day
    where line.invoice_no not in (select invoice_no from file_invoice)

)

select
    line_number,
    invoice_no,
    stock_code,
    description,
    quantity,
    invoice_at,
    unit_price,
    customer_id,
    country,
    line_id / 10000000000 * 10000000000 + line_number as line_id,
    customer_key,
    amount,
    line_type,
    is_product,
    month,
    invoice_at::date as day,
    hash
from other
