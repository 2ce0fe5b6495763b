-- Whether every line is plain, and whether a point in prices may part thousands: three digits follow it wherever it is.
select
    bool_and(is_plain and day < current_date + 2) as are_plain,
    bool_or(price_digits = 3) and not bool_or(price_digits not in (0, 3)) as is_point_unsure
from landing.fingerprint
