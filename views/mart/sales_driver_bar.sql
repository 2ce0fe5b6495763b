with

sales_driver as (

    select * from mart.sales_driver

)

select
    sales_driver.month,
    bar.driver,
    sum(bar.change) filter (where sales_driver.compared_with = 'Month before') as change_on_month,
    sum(bar.change) filter (where sales_driver.compared_with = 'Same month last year') as change_on_year,
    sales_driver.months_ago,
    sales_driver.month_name,
    sales_driver.complete_month_number
from sales_driver
cross join
    lateral (
        values
        ('1 Customers', sales_driver.by_customers),
        ('2 Orders per customer', sales_driver.by_orders_per_customer),
        ('3 Goods per order', sales_driver.by_goods_per_order),
        ('4 Guests', sales_driver.by_guests),
        ('5 Cancelled goods', sales_driver.by_cancellations),
        ('6 Postage, fees, others', sales_driver.by_other_sales),
        ('7 Second copies', sales_driver.by_second_copies)
    ) as bar (driver, change)
where sales_driver.slice_by = 'Whole shop'
group by
    sales_driver.month,
    bar.driver,
    sales_driver.months_ago,
    sales_driver.month_name,
    sales_driver.complete_month_number
