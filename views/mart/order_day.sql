with

invoice_month as (

    select
        month,
        customer_id,
        invoice_at,
        is_order,
        goods_lines,
        goods_sold,
        units_sold
    from rollup.invoice_month

),

ordered as (

    select
        customer_id,
        invoice_at::date as order_day,
        month,
        count(*) filter (where is_order) as orders,
        sum(goods_sold) as goods_sold,
        sum(units_sold)::bigint as units_sold
    from invoice_month
    where customer_id is not null and goods_lines > 0
    group by customer_id, invoice_at::date, month

),

numbered as (

    select
        *,
        row_number() over (partition by customer_id order by order_day)::integer as order_number,
        min(order_day) over (partition by customer_id) as first_order_day,
        lag(order_day) over (partition by customer_id order by order_day) as order_day_before,
        lead(order_day) over (partition by customer_id order by order_day) as next_order_day
    from ordered

),

final as (

    select
        customer_id,
        order_day,
        month,
        order_number,
        orders,
        goods_sold,
        units_sold,
        first_order_day,
        date_trunc('month', first_order_day)::date as first_order_month,
        order_day_before,
        order_day - order_day_before as days_since_order_before,
        next_order_day,
        next_order_day - order_day as days_to_next_order
    from numbered

)

select * from final
