-- What the file holds in each month. The hash does not depend on the order of lines.
select
    month,
    count(*) as lines,
    sum(hash::numeric) as content_hash
from landing.fingerprint
group by month
