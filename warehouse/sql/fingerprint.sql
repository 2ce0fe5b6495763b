-- Day and hash of each line, read in parallel: they tell which days changed and which lines repeat, without
-- moving the lines themselves. The table goes before the commit; a temporary one could not be read in parallel.
-- {columns} are what to keep with them: when every line will be new, all of it, so that none is read twice.
create unlogged table landing.{table} as
select
    {columns},
    date_trunc('month', invoice_at)::date as month,
    invoice_at::date as day,
    hash,
    is_plain,
    price_digits
from ({lines}) as line
