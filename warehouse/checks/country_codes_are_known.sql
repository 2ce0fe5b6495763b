-- A country has both ISO codes in their shape, or is no single country and has none.
select *
from warehouse.country
where
    (iso2 is null) <> (iso3 is null)
    or iso2 !~ '^[A-Z]{2}$'
    or iso3 !~ '^[A-Z]{3}$'
