with

segment as (

    select *
    from (
        values
        (
            1, 'Champions', '5[4-5]',
            'Bought very recently, buy most often, and bring most of the money.',
            'Reward them. Show them new products first, and ask for reviews and referrals.'
        ),
        (
            2, 'Loyal Customers', '[3-4][4-5]',
            'Buy often, and bought not long ago.',
            'Offer them more by e-mail: larger packs, matching products, a loyalty discount.'
        ),
        (
            3, 'Potential Loyalists', '[4-5][2-3]',
            'Bought recently, and more than once.',
            'Recommend what goes with their orders, and invite them to the loyalty scheme.'
        ),
        (
            4, 'New Customers', '51',
            'Bought very recently, for the first time or nearly so.',
            'Welcome them, help with the first order, and offer something small for the second.'
        ),
        (
            5, 'Promising', '41',
            'Bought recently, once or nearly so.',
            'Stay in their mind: a short series of mails with best sellers and a sample.'
        ),
        (
            6, 'Need Attention', '33',
            'Middling in everything: the last order is a while ago.',
            'Make an offer that ends soon, built on what they bought before.'
        ),
        (
            7, 'About to Sleep', '3[1-2]',
            'Bought rarely, and not lately.',
            'Remind them: popular products, and what is new since their last order.'
        ),
        (
            8, 'At Risk', '[1-2][3-4]',
            'Once bought often, and have not for long.',
            'Bring them back with an offer: a personal mail and a discount on what they used to buy.'
        ),
        (
            9, 'Can''t Lose', '[1-2]5',
            'Once bought most often of all, and have gone quiet.',
            'Win them back one by one: call them, ask what happened, and make it good.'
        ),
        (
            10, 'Hibernating', '[1-2][1-2]',
            'Bought rarely, and long ago.',
            'Tempt them: a strong discount on what they bought. Spend little where nobody answers.'
        )
    ) as listed (segment_order, segment, pattern, meaning, advice)

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
