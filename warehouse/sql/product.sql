-- The cleaned name is the description most often sold under the code, in capitals and with single blanks. Descriptions
-- of lines without a price are stock clerks' remarks ("damaged", "?"), so they count only where there is nothing else.
with

descriptions as (

    select
        stock_code,
        description,
        bool_and(is_product) as is_product,
        count(*) filter (where unit_price > 0) as sold,
        count(*) as lines
    from warehouse.line
    group by stock_code, description

),

names as (

    select
        stock_code,
        upper(regexp_replace(description, '[[:space:]]+', ' ', 'g')) as product,
        bool_and(is_product) as is_product,
        sum(sold) as sold,
        sum(lines) as lines
    from descriptions
    group by stock_code, product

)

select distinct on (stock_code)
    stock_code,
    coalesce(product, stock_code) as product,
    is_product,
    not is_product or ascii(stock_code) between 48 and 57 as is_known
from names
order by stock_code asc, product is null asc, sold desc, lines desc, product asc
