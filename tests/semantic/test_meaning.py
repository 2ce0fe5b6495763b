"""What figures are made of: orders, goods, cancellations, money and months, on shops where only the right rule fits."""

from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal

import pytest

from bootstrap.semantic.build import build
from warehouse.closing import close_month
from warehouse.opening import is_open


def line(invoice, code, quantity, at, price, customer="", country="Spain", description="MUG"):
    return [str(invoice), code, description, str(quantity), at, str(price), str(customer), country]


def ask(cursor, sql):
    cursor.execute(sql)
    return cursor.fetchall()


def test_an_order_has_goods_sold_and_a_cancellation_takes_goods_back(sold):
    """One order; a write-off, a free line, a fee and an adjustment are none. One of two cancellations is of goods."""
    cursor = sold(
        line(1, "11111", 10, "2011-01-04 10:00", 2, 5),
        line(2, "11111", -3, "2011-01-04 11:00", 0),
        line(3, "11111", 1, "2011-01-04 12:00", 0, 5),
        line(4, "POST", 1, "2011-01-04 13:00", 7, 5),
        line("A5", "B", 1, "2011-01-04 14:00", -50),
        line("C6", "11111", -1, "2011-01-20 10:00", 2, 5),
        line("C7", "AMAZONFEE", -1, "2011-01-20 11:00", 300),
    )
    found = ask(
        cursor,
        "select orders_total, orders_cancelled, orders, cancellations, goods_sold, goods_cancelled, cancelled_value,"
        " other_sales, sales from mart.monthly_metrics",
    )
    assert found == [(7, 2, 1, 1, 20, 2, 302, 7 - 50 - 300, 20 - 2 + 7 - 50 - 300)]


def test_december_2010_counts_once_where_figures_are_compared(sold):
    """A mug for 6 on 3 December 2010 twice, a tray for 2 on the 20th."""
    mug, tray = line(1, "11111", 6, "2010-12-03 10:00", 1, 5), line(2, "22222", 1, "2010-12-20 10:00", 2, 5)
    cursor = sold(mug, tray, mug)
    assert ask(cursor, "select sales, sales_without_overlap, goods_sold, orders from mart.monthly_metrics") == [
        (14, 8, 8, 2)
    ]
    assert ask(cursor, "select monetary, monetary_once, net_money from mart.rfm_customer") == [(14, 8, 8)]
    assert ask(cursor, "select amount, amount_once from mart.invoice_amount order by 1") == [(2, 2), (12, 6)]
    assert ask(cursor, "select sum(sales), sum(goods_sold) from mart.product_month") == [(14, 8)]
    assert ask(cursor, "select is_second_copy, sales, goods_sold from mart.sales_month order by 1") == [
        (False, 8, 8),
        (True, 6, 0),
    ]
    assert ask(cursor, "select scope, mean from mart.invoice_amount_summary where scope like 'all%' order by 1") == [
        ("all", 7),
        ("all_once", 4),
    ]


def test_a_whole_order_cancelled_soon_is_withdrawn_and_a_part_or_a_late_one_is_returned(sold):
    cursor = sold(
        line(1, "11111", 100, "2011-01-04 10:00", 2, 5),
        line(1, "22222", 10, "2011-01-04 10:00", 1, 5),
        line("C2", "11111", -100, "2011-01-04 10:20", 2, 5),
        line("C3", "22222", -10, "2011-01-05 10:00", 1, 5),
        line(4, "11111", 10, "2011-01-04 10:00", 2, 6),
        line(4, "22222", 10, "2011-01-04 10:00", 1, 6),
        line("C5", "11111", -10, "2011-01-05 10:00", 2, 6),
        line(6, "11111", 10, "2011-01-04 10:00", 2, 7),
        line("C7", "11111", -10, "2011-01-11 10:01", 2, 7),
        line(8, "11111", 10, "2011-01-04 10:00", 2, 8),
        line("C9", "11111", -10, "2011-01-05 10:00", 2, 9),
    )
    assert ask(cursor, "select orders_withdrawn, goods_withdrawn, goods_cancelled from mart.monthly_metrics") == [
        (1, 210, 210 + 20 + 20 + 20)
    ]
    assert ask(cursor, "select sum(goods_returned), max(largest_line) from mart.cancellation_month") == [(60, 20)]


def test_who_took_everything_back_is_worth_nothing_and_is_flagged(sold):
    cursor = sold(
        line(1, "11111", 1000, "2011-01-04 10:00", 2, 5),
        line("C2", "11111", -1000, "2011-03-04 10:00", 2, 5),
        line(3, "11111", 10, "2011-01-04 10:00", 2, 6),
        line("C4", "POST", -1, "2011-01-04 10:00", 90, 6),
    )
    assert ask(
        cursor, "select customer_id, monetary, net_money, took_everything_back from mart.rfm_customer order by 1"
    ) == [(5, 2000, 0, "Yes"), (6, 20, 20, "No")]


def test_every_month_looks_back_equally_far_for_new_or_back(sold):
    """Customer 5 is back after 12 months, 6 after 11; 7 is new. The first eleven months have no figure."""
    cursor = sold(
        line(1, "11111", 1, "2010-01-04 10:00", 2, 5),
        line(2, "11111", 1, "2010-02-04 10:00", 2, 6),
        line(3, "11111", 1, "2010-11-04 10:00", 2, 8),
        line(4, "11111", 1, "2011-01-04 10:00", 2, 5),
        line(5, "11111", 1, "2011-01-04 10:00", 2, 6),
        line(6, "11111", 1, "2011-01-04 10:00", 2, 7),
        line("C7", "11111", -1, "2011-01-04 10:00", 2, 9),
    )
    assert ask(
        cursor, "select month::text, sum(new_or_back_customers) from mart.customer_month group by 1 order by 1"
    ) == [("2010-01-01", None), ("2010-02-01", None), ("2010-11-01", None), ("2011-01-01", 2)]


def test_what_is_bought_in_a_month_goes_by_the_segment_before_it(sold):
    """Customer 5 lapses and buys in March: a Champion at its end, and what the February snapshot says before it."""
    cursor = sold(
        line(1, "11111", 1, "2011-01-04 10:00", 2, 5),
        line(2, "11111", 1, "2011-02-14 10:00", 2, 6),
        line(3, "11111", 1, "2011-02-15 10:00", 2, 7),
        line(4, "11111", 1, "2011-03-30 10:00", 2, 5),
        line(5, "11111", 1, "2011-03-30 11:00", 2, 8),
    )
    before = ask(
        cursor, "select segment_at_month_end from mart.rfm_history where month = '2011-02-01' and customer_id = 5"
    )
    march = "select customer_id, segment_before_month from mart.customer_month where month = '2011-03-01' order by 1"
    assert ask(cursor, march) == [(5, before[0][0]), (8, "No order before")]
    assert before != ask(
        cursor, "select segment_at_month_end from mart.rfm_history where month = '2011-03-01' and customer_id = 5"
    )


def test_one_product_is_one_product(sold):
    """Two codes share a name, a digit code is carriage, and a note of the stockroom is no name."""
    cursor = sold(
        line(1, "11111a", 1, "2011-01-04 10:00", 2, 5, description="RED MUG"),
        line(1, "11111A", 1, "2011-01-04 10:00", 2, 5, description="RED MUG"),
        line(1, "22222", 1, "2011-01-04 10:00", 2, 5, description="RED MUG"),
        line(1, "23444", 1, "2011-01-04 10:00", 15, 5, description="Next Day Carriage"),
        line(2, "33333", -5, "2011-01-04 10:00", 0, description="thrown away-rusty"),
    )
    assert ask(cursor, "select stock_code, product, is_product from mart.product order by 1") == [
        ("11111A", "RED MUG (11111A)", True),
        ("22222", "RED MUG (22222)", True),
        ("23444", "NEXT DAY CARRIAGE", False),
        ("33333", "33333", True),
    ]
    assert ask(cursor, "select goods_sold, other_sales from mart.monthly_metrics") == [(6, 15)]


def test_an_adjustment_above_zero_with_a_customer_counts_in_rfm_and_is_no_order(sold):
    cursor = sold(
        line("A1", "B", 1, "2011-01-04 10:00", 40, 5, description="Adjust bad debt"),
        line(2, "11111", 1, "2011-01-04 10:00", 2, 5),
    )
    assert ask(cursor, "select frequency, monetary, net_money, order_days from mart.rfm_customer") == [(2, 42, 2, 1)]


def test_ties_are_split_by_the_known_rule_and_not_by_its_rival(sold):
    """Ten customers with one invoice each on one day: five frequency scores by the known rule, one without ties."""
    cursor = sold(*[line(number, "11111", 1, "2011-01-04 10:00", 2, number) for number in range(1, 11)])
    assert ask(
        cursor, "select count(distinct f_score), count(distinct segment_without_ties) from mart.rfm_customer"
    ) == [(5, 1)]


def days(first: date, last: date, *, at: str = "16:00") -> list[list[str]]:
    """A line on each open day."""
    every = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return [line(1000 + number, "11111", 1, f"{day} {at}", 2, 5) for number, day in enumerate(every) if is_open(day)]


COMPLETE = "select month::text, is_complete_month, complete_month_number from mart.monthly_metrics order by 1"


@pytest.mark.parametrize(
    ("last", "at", "is_complete"),
    [
        ("2010-12-23", "16:58", True),  # the Christmas weeks follow
        ("2010-12-23", "09:00", False),  # the day is not over
        ("2010-12-22", "16:58", False),
        ("2011-04-28", "19:53", True),  # a public holiday and a Saturday follow
        ("2010-05-30", "15:58", True),  # a Sunday; the bank holiday follows
        ("2010-05-28", "17:00", False),
    ],
)
def test_a_month_is_complete_with_its_last_open_day(sold, last, at, is_complete):
    day = date.fromisoformat(last)
    first = (day.replace(day=1) - timedelta(days=1)).replace(day=1)
    cursor = sold(*days(first, day - timedelta(days=1)), *days(day, day, at=at))
    assert ask(cursor, COMPLETE) == [
        (str(first), True, 1 + is_complete),
        (str(day.replace(day=1)), is_complete, 1 if is_complete else None),
    ]


def test_a_hole_makes_a_month_incomplete_and_is_named_until_somebody_closes_it(sold, layer, quiet):
    hole = date(2011, 3, 14), date(2011, 3, 27)
    lines = [
        one for one in days(date(2011, 1, 4), date(2011, 4, 28)) if not str(hole[0]) <= one[4][:10] <= str(hole[1])
    ]
    cursor = sold(*lines)
    assert [row[1] for row in ask(cursor, COMPLETE)] == [True, True, False, True]
    (headline,) = ask(cursor, "select headline from mart.coverage")[0]
    assert headline.endswith("March 2011 is not complete: no lines on 12 open days between 14 March and 27 March.")
    assert close_month(cursor, date(2011, 3, 1))
    build(cursor, layer, changes={"warehouse.closed_month": None}, progress=quiet)
    assert [row[1] for row in ask(cursor, COMPLETE)] == [True] * 4
    assert "not complete" not in ask(cursor, "select headline from mart.coverage")[0][0]


def test_a_shop_that_does_not_trade_daily_has_no_holes(sold):
    cursor = sold(
        *[
            line(number, "11111", 1, f"2011-{month:02}-{day:02} 16:00", 2, 5)
            for number, (month, day) in enumerate([(1, 5), (1, 20), (2, 3), (2, 28), (3, 31)])
        ]
    )
    assert [row[1] for row in ask(cursor, COMPLETE)] == [True, True, True]


def test_guests_have_no_count_of_customers(sold, layer):
    """A dash, not "0 customers, 0 pounds per customer"."""
    cursor = sold(line(1, "11111", 1, "2011-01-04 10:00", 2))
    for metric in ("active_customers", "customers_with_orders", "goods_per_customer"):
        assert ask(cursor, f"select {layer.metrics[metric].expression} from mart.sales_month") == [(None,)]


def test_goods_and_the_rest_add_up_to_sales(sold):
    cursor = sold(
        line(1, "11111", 10, "2011-01-04 10:00", Decimal("1.255"), 5),
        line(1, "POST", 1, "2011-01-04 10:00", 4, 5),
        line("C2", "11111", -2, "2011-01-05 10:00", Decimal("1.255"), 5),
    )
    assert ask(
        cursor, "select sales, goods_sold - goods_cancelled + other_sales, goods_sold from mart.monthly_metrics"
    ) == [(Decimal("14.04"), Decimal("14.04"), Decimal("12.55"))]


def test_orders_of_one_day_are_one_step_and_every_step_knows_the_next(sold):
    """Two orders on 4 January; a cancellation, postage and a free line make no order day, and a guest has none."""
    cursor = sold(
        line(1, "11111", 1, "2011-01-04 10:00", 2, 5),
        line(2, "22222", 3, "2011-01-04 12:00", 2, 5, country="France"),
        line("C3", "22222", -3, "2011-01-05 12:00", 2, 5),
        line(4, "POST", 1, "2011-01-06 12:00", 4, 5),
        line(5, "11111", 1, "2011-01-07 12:00", 0, 5),
        line(6, "11111", 2, "2011-02-10 10:00", 2, 5),
        line(7, "11111", 9, "2011-02-10 10:00", 2),
    )
    assert ask(
        cursor,
        "select order_number, order_day::text, orders, goods_sold, units_sold, days_since_order_before,"
        " days_to_next_order from mart.order_day order by 1",
    ) == [(1, "2011-01-04", 2, 8, 4, None, 37), (2, "2011-02-10", 1, 4, 2, 37, None)]


@pytest.mark.parametrize(
    ("last", "whole"), [("2011-03-10 12:50", "2011-03-09"), ("2011-03-10 15:00", "2011-03-10")], ids=["noon", "evening"]
)
def test_the_last_whole_day_is_the_newest_with_goods_that_is_over(last, whole, sold, layer, quiet):
    """What is missing of a month that somebody closed will not come, so its newest day is over."""
    cursor = sold(
        line(1, "11111", 1, "2011-03-09 10:00", 2, 5),
        line(2, "11111", 1, last, 2, 5),
        line("C3", "11111", -1, "2011-03-10 12:00", 2, 5),
    )
    newest = "select last_whole_day::text from mart.coverage"
    assert ask(cursor, newest) == [(whole,)]
    assert close_month(cursor, date(2011, 3, 1))
    build(cursor, layer, changes={"warehouse.closed_month": None}, progress=quiet)
    assert ask(cursor, newest) == [("2011-03-10",)]


@pytest.fixture
def comers_back(sold):
    """The last whole day is 30 June: 90 days after 1 April, 180 after 1 January. 5 is back after 30, 7 after 91."""
    return sold(
        line(1, "11111", 1, "2010-12-15 10:00", 2, 4),
        line(2, "11111", 1, "2011-01-01 10:00", 2, 7),
        line(2, "22222", 1, "2011-01-01 10:00", 2, 7),
        line(3, "11111", 1, "2011-04-01 10:00", 2, 5),
        line(4, "33333", 1, "2011-04-02 10:00", 2, 6),
        line(4, "33333", 1, "2011-04-02 10:00", 2, 6),
        line(5, "11111", 1, "2011-04-02 10:00", 2, 7),
        line(6, "22222", 1, "2011-05-01 10:00", 2, 5),
        line(7, "22222", 1, "2011-06-30 16:00", 2, 8),
    )


def test_a_window_that_is_not_over_is_empty_and_its_last_day_is_in_it(comers_back):
    assert ask(
        comers_back,
        "select customer_id, is_back_in_30_days, is_back_in_60_days, is_back_in_90_days, is_back_in_180_days"
        " from mart.first_order order by 1",
    ) == [
        (4, False, False, False, False),
        (5, True, True, True, None),
        (6, False, False, None, None),
        (7, False, False, False, True),
        (8, None, None, None, None),
    ]
    windows = "select customer_id, is_month_over, is_back from mart.back_within where window_days = 90 order by 1"
    assert ask(comers_back, windows) == [(4, True, False), (5, False, True), (7, True, False)]


def test_first_baskets_are_told_apart_by_who_came_back(comers_back):
    """Of the two who bought a mug at first one came back in time; of the one who bought a tray as well, none."""
    assert ask(
        comers_back,
        "select stock_code, buyers, buyers_back, buyers_not_over, other_buyers, other_buyers_back, share_difference,"
        " round(share_back_at_least, 6)::float from mart.first_basket_product where not is_left_censored order by 1",
    ) == [
        ("11111", 2, 1, 0, 0, 0, None, 0.094529),
        ("22222", 1, 0, 1, 1, 1, -1, 0),
        ("33333", 0, 0, 1, 2, 1, None, None),
    ]


def test_a_cohort_is_followed_through_complete_months(comers_back):
    """Who did not order is 0 in a complete month; half of January's goods come again in April."""
    found = ask(
        comers_back,
        "select months_since_first_order, customers_active, goods_sold, goods_sold_in_first_month"
        " from mart.cohort_month where first_order_month = '2011-01-01' and is_complete_month order by 1",
    )
    assert (0, 1, 4, 4) in found
    assert (3, 1, 2, 4) in found
    assert (4, 0, 0, 4) in found


def test_kept_by_customer_the_journey_is_what_building_afresh_gives(database, refresh, shop_lines, layer, quiet):
    """A day for customer 12 between two of theirs, and a first order that goes away."""
    names = ("order_day", "first_basket", "journey", "cohort_month", "first_basket_product")
    added = [*shop_lines, *[line(2000, "22222", 2, "2011-02-07 10:00", 2, 12, "United Kingdom", "TRAY")]]
    with closing(database.connect()) as connection:
        refresh(connection, shop_lines)
        for lines in (added, [one for one in added if one[0] != "1001"]):
            assert refresh(connection, lines).way == "changes"
            with connection, connection.cursor() as cursor:
                kept = [sorted(ask(cursor, f"select * from mart.{name}"), key=repr) for name in names]
                build(cursor, layer, changes=None, progress=quiet)
                assert [sorted(ask(cursor, f"select * from mart.{name}"), key=repr) for name in names] == kept
