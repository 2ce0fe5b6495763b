with

segment as (

    select
        number as segment_order,
        name as segment,
        pattern,
        meaning,
        advice
    from list.segments

),

score as (

    select
        r.score as r_score,
        f.score as f_score
    from generate_series(1, 5) as r (score)
    cross join generate_series(1, 5) as f (score)

)

select
    score.r_score,
    score.f_score,
    segment.segment,
    segment.segment_order,
    segment.meaning,
    segment.advice
from score
inner join segment on score.r_score::text || score.f_score::text ~ ('^' || segment.pattern || '$')
