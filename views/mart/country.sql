with

country as (

    select * from warehouse.country

)

select
    country,
    iso3 as country_code,
    region
from country
