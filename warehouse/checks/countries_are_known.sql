-- Each country that a line names is on the list of countries (warehouse/countries.csv).
select
    line.country,
    count(*) as lines
from warehouse.line
left join warehouse.country on line.country = country.country
where country.country is null
group by line.country
order by lines desc
