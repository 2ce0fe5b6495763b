with

segment as (

    select *
    from (
        values
        (
            1, 'Champions', '5[4-5]',
            'Bought very recently, and buy most often.',
            'Reward them. Show them new products first, and ask for reviews and referrals.'
        ),
        (
            2, 'Loyal Customers', '[3-4][4-5]',
            'Buy often, and bought not long ago.',
            'Offer them more by e-mail: larger packs, matching products, a loyalty discount.'
        ),
        (
            3, 'Potential Loyalists', '[4-5][2-3]',
            'Bought recently, and are beginning to come back. A few have ordered once only.',
            'Recommend what goes with their orders, and invite them to the loyalty scheme.'
        ),
        (
            4, 'New Customers', '51',
            'Bought very recently, and have ordered once or twice.',
            'Welcome them, help with the first order, and offer something small for the second.'
        ),
        (
            5, 'Promising', '41',
            'Bought recently, and have ordered once or twice.',
            'Stay in touch: a short series of e-mails with best sellers and a sample.'
        ),
        (
            6, 'Need Attention', '33',
            'Average in recency and in number of orders; the last order was a while ago.',
            'Make an offer that ends soon, built on what they bought before.'
        ),
        (
            7, 'About to Sleep', '3[1-2]',
            'Bought rarely, and not lately.',
            'Remind them: popular products, and what is new since their last order.'
        ),
        (
            8, 'At Risk', '[1-2][3-4]',
            'Used to buy regularly, and have not for a long time.',
            'Bring them back with an offer: a personal e-mail and a discount on what they used to buy.'
        ),
        (
            9, 'Can''t Lose', '[1-2]5',
            'Used to buy more often than anyone, and have gone quiet.',
            'Win them back one by one: call them, ask what happened, and put it right.'
        ),
        (
            10, 'Hibernating', '[1-2][1-2]',
            'Bought rarely, and long ago.',
            'Try a strong discount on what they bought. Spend little where nobody answers.'
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
