with

first_basket as (

    select
        customer_id,
        stock_code
    from mart.first_basket

),

first_order as (

    select
        customer_id,
        is_left_censored,
        is_back_in_90_days
    from mart.first_order

),

product as (

    select
        stock_code,
        product
    from mart.product

),

everyone as (

    select
        is_left_censored,
        count(is_back_in_90_days) as buyers,
        count(*) filter (where is_back_in_90_days) as buyers_back
    from first_order
    group by is_left_censored

),

bought as (

    select
        first_basket.stock_code,
        first_order.is_left_censored,
        count(first_order.is_back_in_90_days) as buyers,
        count(*) filter (where first_order.is_back_in_90_days) as buyers_back,
        count(*) filter (where first_order.is_back_in_90_days is null) as buyers_not_over
    from first_basket
    inner join first_order on first_basket.customer_id = first_order.customer_id
    group by first_basket.stock_code, first_order.is_left_censored

),

shared as (

    select
        bought.*,
        everyone.buyers - bought.buyers as other_buyers,
        everyone.buyers_back - bought.buyers_back as other_buyers_back,
        bought.buyers_back::numeric / nullif(bought.buyers, 0) as share_back,
        (everyone.buyers_back - bought.buyers_back)::numeric / nullif(everyone.buyers - bought.buyers, 0)
            as share_back_of_others
    from bought
    inner join everyone on bought.is_left_censored = everyone.is_left_censored

)

select
    shared.stock_code,
    product.product,
    shared.is_left_censored,
    shared.buyers,
    shared.buyers_back,
    shared.buyers_not_over,
    shared.other_buyers,
    shared.other_buyers_back,
    shared.share_back,
    shared.share_back_of_others,
    shared.share_back - shared.share_back_of_others as share_difference,
    -- The lower end of the 95% interval of Wilson: few buyers prove little.
    (
        shared.buyers_back + 1.9208
        - 1.96 * sqrt(shared.buyers_back * (1 - shared.share_back) + 0.9604)
    ) / (shared.buyers + 3.8416) as share_back_at_least,
    shared.buyers >= 30 as is_enough
from shared
inner join product on shared.stock_code = product.stock_code
