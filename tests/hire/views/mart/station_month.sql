with

ride as (

    select * from warehouse.ride

)

select
    month,
    station,
    count(*) as rides,
    sum(minutes) as minutes,
    sum(price) as takings
from ride
group by month, station
