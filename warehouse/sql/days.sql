-- What the file holds on each day. The hash does not depend on the order of lines.
select
    day,
    count(*) as lines,
    sum(hash::numeric) as content_hash
from landing.fingerprint
group by day
