-- An order is withdrawn when every line of its goods is cancelled, by the same customer, within seven days.
with

line as not materialized (

    select * from warehouse.line

),

invoice_month as (

    select * from rollup.invoice_month

),

cancelled as (

    select
        invoice_no,
        customer_id,
        stock_code,
        country,
        month,
        min(invoice_at) as cancelled_at,
        -sum(quantity) as units,
        -sum(amount) as goods_cancelled
    from line
    where line_type = 'cancellation' and is_product and not is_overlap and customer_id is not null
    group by invoice_no, customer_id, stock_code, country, month

),

-- A customer's orders in the seven days before a cancellation: few, so only their lines are looked at.
candidate as materialized (

    select distinct ordered.invoice_no
    from invoice_month as ordered
    inner join invoice_month as cancelled
        on
            ordered.customer_id = cancelled.customer_id
            and ordered.invoice_at <= cancelled.last_line_at
            and ordered.invoice_at > cancelled.invoice_at - interval '7 days'
    where ordered.goods_lines > 0 and cancelled.cancelled_goods_lines > 0

),

ordered as (

    select
        line.invoice_no as order_no,
        line.customer_id,
        line.stock_code,
        min(line.month) as order_month,
        min(line.invoice_at) as ordered_at,
        sum(line.quantity) as units
    from line
    inner join candidate on line.invoice_no = candidate.invoice_no
    where line.line_type = 'sale' and not line.is_overlap and line.customer_id is not null
    group by line.invoice_no, line.customer_id, line.stock_code

),

matched as (

    select
        ordered.order_no,
        ordered.order_month,
        ordered.ordered_at,
        ordered.stock_code,
        ordered.units as units_ordered,
        ordered.customer_id,
        cancelled.invoice_no,
        cancelled.country,
        cancelled.month,
        cancelled.goods_cancelled,
        coalesce(
            sum(cancelled.units) over (partition by ordered.order_no, ordered.customer_id, ordered.stock_code), 0
        ) as units_cancelled
    from ordered
    left join cancelled
        on
            ordered.customer_id = cancelled.customer_id
            and ordered.stock_code = cancelled.stock_code
            and ordered.ordered_at <= cancelled.cancelled_at
            and ordered.ordered_at > cancelled.cancelled_at - interval '7 days'

),

withdrawn as (

    select
        order_no,
        customer_id
    from matched
    group by order_no, customer_id
    having bool_and(units_cancelled >= units_ordered)

)

select
    matched.order_no,
    matched.order_month,
    matched.invoice_no,
    matched.stock_code,
    matched.month,
    matched.customer_id,
    matched.country,
    -- A cancellation may fit two orders of the same goods; its money count once.
    case
        when
            row_number() over (
                partition by
                    matched.invoice_no, matched.stock_code, matched.customer_id, matched.country, matched.month
                order by matched.ordered_at desc, matched.order_no asc
            ) = 1
            then matched.goods_cancelled
        else 0
    end as goods_withdrawn
from matched
inner join withdrawn on matched.order_no = withdrawn.order_no and matched.customer_id = withdrawn.customer_id
