-- A name that the list of countries does not have is kept, and marked as not known.
with

named as (

    {named}

),

known as (

    select distinct on (name)
        name,
        nullif(iso2, '') as iso2,
        nullif(iso3, '') as iso3,
        region
    from unnest(%(name)s, %(iso2)s, %(iso3)s, %(region)s) as k (name, iso2, iso3, region)
    order by name asc, iso2 = '' asc

)

select
    named.country,
    named.country as name,
    known.iso2,
    known.iso3,
    coalesce(known.region, 'Not known') as region,
    known.name is not null as is_known
from named
left join known on named.country = known.name
