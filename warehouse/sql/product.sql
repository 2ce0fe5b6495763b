-- The name is the description most often charged under the code, in capitals and with single blanks. Descriptions of
-- lines without a price are stock clerks' remarks ("damaged", "?"), so a code that was never charged is its own name.
-- A name that several codes share carries its code, so that two products never add up to one.
with

descriptions as (

    select
        stock_code,
        description,
        bool_and(is_product) as is_product,
        count(*) filter (where unit_price <> 0) as charged
    from {line} as line
    group by stock_code, description

),

names as (

    select
        stock_code,
        upper(regexp_replace(description, '[[:space:]]+', ' ', 'g')) as name,
        bool_and(is_product) as is_product,
        sum(charged) as charged
    from descriptions
    group by stock_code, name

),

named as (

    select distinct on (stock_code)
        stock_code,
        case when charged > 0 then coalesce(name, stock_code) else stock_code end as name,
        is_product
    from names
    order by stock_code asc, charged = 0 asc, name is null asc, charged desc, name asc

),

counted as (

    select
        *,
        count(*) over (partition by name) as codes
    from (select * from named {others}) as every -- noqa: LT11

)

select
    stock_code,
    case when codes > 1 then name || ' (' || stock_code || ')' else name end as product,
    is_product,
    not is_product or ascii(stock_code) between 48 and 57 as is_known,
    name
from counted
