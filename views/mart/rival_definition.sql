with

monthly_metrics as (

    select * from mart.monthly_metrics

),

customer_month as (

    select * from mart.customer_month

),

invoice_month as (

    select * from rollup.invoice_month

),

rfm_customer as (

    select * from mart.rfm_customer

),

month as (

    select * from rollup.month

),

invoiced as (

    select
        month,
        sum(positive_amount_once) as positive_amount,
        coalesce(sum(sales_without_overlap) filter (where customer_id is not null), 0) as known_sales,
        count(distinct invoice_no) filter (where positive_lines > 0) as charged_invoices,
        count(distinct row(customer_id, invoice_at::date)) filter (where is_order and customer_id is not null)
            as order_days,
        count(*) filter (where is_order and customer_id is null) as guest_orders,
        count(distinct invoice_at::date) filter (where is_order) as days_with_goods
    from invoice_month
    group by month

),

bought as (

    select
        month,
        customer_id,
        sum(net_goods) as net_goods,
        sum(new_or_back_customers) as new_or_back_customers
    from customer_month
    where customer_id is not null
    group by month, customer_id

),

known as (

    select
        month,
        count(*) filter (where net_goods > 0) as customers_worth_something,
        sum(new_or_back_customers) as new_or_back_customers
    from bought
    group by month

),

first_ordered as (

    select
        date_trunc('month', first_order_day)::date as month,
        count(*) as first_orders
    from rfm_customer
    where first_order_day is not null
    group by date_trunc('month', first_order_day)::date

),

counted as (

    select
        monthly_metrics.*,
        month.month_before,
        month.year_before,
        invoiced.positive_amount,
        invoiced.known_sales,
        invoiced.charged_invoices,
        invoiced.order_days,
        invoiced.guest_orders,
        invoiced.days_with_goods,
        coalesce(known.customers_worth_something, 0) as customers_worth_something,
        case when month.months_of_history >= 11 then known.new_or_back_customers end as new_or_back_customers,
        coalesce(first_ordered.first_orders, 0) as first_orders
    from monthly_metrics
    inner join month on monthly_metrics.month = month.month
    inner join invoiced on monthly_metrics.month = invoiced.month
    left join known on monthly_metrics.month = known.month
    left join first_ordered on monthly_metrics.month = first_ordered.month

),

-- Growth is told of complete months alone.
defined as (

    select
        now.month,
        now.is_complete_month,
        now.months_ago,
        now.month_name,
        now.complete_month_number,
        listed.*
    from counted as now
    left join counted as before
        on now.month_before = before.month and now.is_complete_month and before.is_complete_month
    left join counted as last_year
        on now.year_before = last_year.month and now.is_complete_month and last_year.is_complete_month
    cross join lateral (
        values
        ('1 Sales', '1 Sales without duplicates', '$currency', true, now.sales_without_overlap),
        ('1 Sales', '2 Sales (known figure)', '$currency', false, now.sales),
        ('1 Sales', '3 Goods sold', '$currency', false, now.goods_sold),
        ('1 Sales', '4 Goods sold less cancelled goods', '$currency', false, now.goods_sold - now.goods_cancelled),
        ('1 Sales', '5 Lines with quantity and price above 0', '$currency', false, now.positive_amount),
        ('1 Sales', '6 Known customers alone', '$currency', false, now.known_sales),
        ('2 Orders', '1 Orders', 'orders', true, now.orders),
        ('2 Orders', '2 Placed orders (known figure)', 'orders', false, now.orders_placed),
        ('2 Orders', '3 Invoices that are no cancellation', 'orders', false, now.orders_total - now.orders_cancelled),
        ('2 Orders', '4 Invoices of every kind', 'orders', false, now.orders_total),
        ('2 Orders', '5 Orders not withdrawn', 'orders', false, now.orders - now.orders_withdrawn),
        ('2 Orders', '6 Order days of customers, and guest orders', 'orders', false, now.order_days + now.guest_orders),
        ('3 Customers', '1 Customers who ordered', 'customers', true, now.customers_with_orders),
        ('3 Customers', '2 Active customers (known figure)', 'customers', false, now.active_customers),
        ('3 Customers', '3 Who bought more than they cancelled', 'customers', false, now.customers_worth_something),
        (
            '3 Customers', '4 Each guest order a customer', 'customers', false,
            now.customers_with_orders + now.guest_orders
        ),
        ('4 New customers', '1 New or back after 11 months', 'customers', true, now.new_or_back_customers),
        ('4 New customers', '2 New customers (known figure)', 'customers', false, now.new_customers),
        ('4 New customers', '3 First order in the month', 'customers', false, now.first_orders),
        (
            '5 Goods per order', '1 Goods bought per order', '$currency', true,
            (now.goods_sold - now.goods_withdrawn) / nullif(now.orders, 0)
        ),
        ('5 Goods per order', '2 Goods sold per order', '$currency', false, now.goods_sold / nullif(now.orders, 0)),
        (
            '5 Goods per order', '3 Net goods per order', '$currency', false,
            (now.goods_sold - now.goods_cancelled) / nullif(now.orders, 0)
        ),
        (
            '5 Goods per order', '4 Mean invoice amount', '$currency', false,
            now.positive_amount / nullif(now.charged_invoices, 0)
        ),
        (
            '5 Goods per order', '5 Sales per placed order', '$currency', false,
            case when now.orders_placed > 0 then now.sales / now.orders_placed end
        ),
        (
            '6 Growth', '1 Sales without duplicates, on the month before', 'fraction', true,
            now.sales_without_overlap / nullif(before.sales_without_overlap, 0) - 1
        ),
        (
            '6 Growth',
            '2 Sales, on the month before (known figure)',
            'fraction',
            false,
            now.sales / nullif(before.sales, 0) - 1
        ),
        (
            '6 Growth', '3 Goods sold per trading day, on the month before', 'fraction', false,
            now.goods_sold / nullif(now.days_with_goods, 0)
            / nullif(before.goods_sold / nullif(before.days_with_goods, 0), 0) - 1
        ),
        (
            '6 Growth', '4 Sales without duplicates, on last year', 'fraction', false,
            now.sales_without_overlap / nullif(last_year.sales_without_overlap, 0) - 1
        )
    ) as listed (headline, definition, unit, is_choice, value)

)

select
    month,
    headline,
    definition,
    unit,
    is_choice,
    value,
    value - max(value) filter (where is_choice) over headline as difference,
    case
        when unit <> 'fraction'
            then value / nullif(max(value) filter (where is_choice) over headline, 0) - 1
    end as relative_difference,
    is_complete_month,
    months_ago,
    month_name,
    complete_month_number
from defined
window headline as (partition by month, headline)
