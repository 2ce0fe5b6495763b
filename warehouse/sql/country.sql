-- Names that the list of countries does not have stay out; a contract reports them.
with

named as (

    select distinct country from warehouse.line

),

known as (

    select * from unnest(%(country)s, %(name)s, %(iso2)s, %(iso3)s, %(region)s) as k (country, name, iso2, iso3, region)

)

select
    known.country,
    known.name,
    nullif(known.iso2, '') as iso2,
    nullif(known.iso3, '') as iso3,
    known.region
from known
inner join named on known.country = named.country
