select
    station,
    district
from warehouse.station
