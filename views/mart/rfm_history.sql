with

invoice_month as (

    select * from rollup.invoice_month

),

segment as (

    select * from rollup.segment

),

month as (

    select distinct
        month,
        (month + interval '1 month')::date as as_of
    from invoice_month

),

bought as (

    select
        customer_id,
        month,
        rfm_invoice_at,
        rfm_amount,
        row_number() over (partition by customer_id, invoice_no order by month, country) = 1 as is_first_of_invoice
    from invoice_month
    where customer_id is not null and rfm_lines > 0

),

customer_month as materialized (

    select
        customer_id,
        month,
        max(rfm_invoice_at) as last_invoice_at,
        count(*) filter (where is_first_of_invoice) as frequency,
        sum(rfm_amount) as monetary
    from bought
    group by customer_id, month

),

-- One snapshot at a time, so that replacing a month computes that month alone.
scored as (

    select
        month.month,
        month.as_of,
        snapshot.*
    from month
    cross join lateral (
        with

        running as (

            select
                customer_month.customer_id,
                max(customer_month.last_invoice_at) as last_invoice_at,
                extract(day from month.as_of::timestamp - max(customer_month.last_invoice_at))::integer as recency,
                sum(customer_month.frequency)::bigint as frequency,
                sum(customer_month.monetary) as monetary
            from customer_month
            where customer_month.month <= month.month
            group by customer_month.customer_id

        ),

        ranked as (

            select
                *,
                row_number() over (order by frequency, customer_id) as frequency_rank
            from running

        ),

        edge as (

            select
                percentile_cont(array[0.2, 0.4, 0.6, 0.8]) within group (order by recency) as recency,
                percentile_cont(array[0.2, 0.4, 0.6, 0.8]) within group (order by frequency_rank) as frequency_rank,
                percentile_cont(array[0.2, 0.4, 0.6, 0.8]) within group (order by monetary::double precision)
                    as monetary
            from ranked

        )

        select
            ranked.customer_id,
            ranked.last_invoice_at,
            ranked.recency,
            ranked.frequency,
            ranked.monetary,
            5
            - (ranked.recency > edge.recency[1])::integer
            - (ranked.recency > edge.recency[2])::integer
            - (ranked.recency > edge.recency[3])::integer
            - (ranked.recency > edge.recency[4])::integer as r_score,
            1
            + (ranked.frequency_rank > edge.frequency_rank[1])::integer
            + (ranked.frequency_rank > edge.frequency_rank[2])::integer
            + (ranked.frequency_rank > edge.frequency_rank[3])::integer
            + (ranked.frequency_rank > edge.frequency_rank[4])::integer as f_score,
            1
            + (ranked.monetary::double precision > edge.monetary[1])::integer
            + (ranked.monetary::double precision > edge.monetary[2])::integer
            + (ranked.monetary::double precision > edge.monetary[3])::integer
            + (ranked.monetary::double precision > edge.monetary[4])::integer as m_score
        from ranked
        cross join edge
    ) as snapshot

)

select
    scored.month,
    scored.customer_id,
    scored.as_of,
    scored.recency,
    scored.frequency,
    scored.monetary,
    scored.r_score,
    scored.f_score,
    scored.m_score,
    scored.r_score::text || scored.f_score::text || scored.m_score::text as rfm_score,
    segment.segment as segment_at_month_end,
    scored.last_invoice_at
from scored
inner join segment on scored.r_score = segment.r_score and scored.f_score = segment.f_score
