"""Products and baskets, on shops that are small enough to count on paper."""

from decimal import Decimal

import pytest


def line(number, code, at, price=1, *, customer=5, quantity=1, description="MUG"):
    return [str(number), code, description, str(quantity), f"{at} 16:00", str(price), str(customer), "France"]


def ask(cursor, sql):
    cursor.execute(sql)
    return cursor.fetchall()


def basket(number, codes, at="2011-01-05"):
    return [line(number, code, at, description=f"ITEM {code}", customer=number) for code in codes]


# 40 orders with A and B, 20 with A alone, 10 with B alone, 29 with A and C, and one with C twice.
ORDERS = [["11111", "22222"]] * 40 + [["11111"]] * 20 + [["22222"]] * 10 + [["11111", "33333"]] * 29
BASKETS = [one for number, codes in enumerate(ORDERS, 1001) for one in basket(number, codes)]
BESIDE = [
    *basket(2001, ["33333", "33333"]),
    *basket(2002, ["POST", "POST"]),  # no order of goods
    line("C2003", "22222", "2011-01-06", quantity=-1, description="ITEM 22222", customer=1001),
    line(2004, "22222", "2011-01-06", price=0, description="ITEM 22222", customer=1041),
    *basket(2005, ["44444"], "2011-01-31"),  # January is over; together 101 orders
]


def test_a_pair_is_counted_by_orders_with_both(sold):
    """A is on 89 orders, B on 50, both on 40 of 101; A and C are together once too seldom."""
    cursor = sold(*BASKETS, *BESIDE)
    wanted = {
        ("11111", "22222"): (89, 50, 40, 40 / 101, 40 / 89, 40 * 101 / (89 * 50), 40 / (89 * 50) ** 0.5),
        ("22222", "11111"): (50, 89, 40, 40 / 101, 40 / 50, 40 * 101 / (89 * 50), 40 / (89 * 50) ** 0.5),
    }
    columns = (
        "stock_code, partner_code, orders_with_product, orders_with_partner, orders_together, support, confidence,"
        " lift, cosine"
    )
    for relation in ("basket_partner", "product_pair"):
        found = {row[:2]: row[2:] for row in ask(cursor, f"select {columns} from mart.{relation}")}
        assert found.keys() == wanted.keys(), relation
        for pair, values in wanted.items():
            assert [float(value) for value in found[pair]] == pytest.approx(values), (relation, pair)


MONTHS = [f"{2010 + number // 12}-{number % 12 + 1:02}" for number in range(15)]
PRICES = dict.fromkeys(MONTHS, "2.00") | {"2011-01": "3.00", "2011-02": "2.50", "2011-03": "2.500"}


def test_prices_and_quarters_of_a_product(sold):
    """Fifteen months: 3, 2.50 and 2.50 in the last quarter, three times 2 before it and a year before."""
    lines = [line(number, "11111", f"{month}-05", PRICES[month]) for number, month in enumerate(MONTHS, 1)]
    cursor = sold(*lines, line(99, "22222", "2011-03-31", description="TRAY"))
    columns = (
        "goods_sold_last_quarter, goods_sold_quarter_before, goods_sold_quarter_last_year, change_on_quarter,"
        " change_on_year, price_points, price_changes, last_price_change::text, first_usual_price, usual_price"
    )
    assert ask(cursor, f"select {columns} from mart.product_performance where stock_code = '11111'") == [
        (8, 6, 6, 2, 2, 3, 2, "2011-02-01", 2, Decimal("2.5"))
    ]


def test_classes_are_cut_at_80_and_95_percent_of_the_last_twelve_months(sold):
    """60 + 20 are the first 80%, 15 make it 95, and 5 the rest. What sold before alone has no class."""
    goods = {"11111": 60, "22222": 20, "33333": 15, "44444": 3, "55555": 2}
    lines = [line(100, "66666", "2010-01-05", 500, description="OLD")]
    lines += [line(1, code, "2011-01-05", price, description=code) for code, price in goods.items()]
    cursor = sold(*lines, line("C2", "22222", "2011-01-31", 20, quantity=-1, description="22222"))
    classes = dict(ask(cursor, "select stock_code, abc_class from mart.product_performance"))
    assert classes == {
        "11111": "A", "22222": "A", "33333": "B", "44444": "C", "55555": "C", "66666": "Not sold",
    }  # fmt: skip


def test_the_index_compares_shares_and_needs_twenty_customers(sold):
    """Forty customers on one day: every segment buys the tray, one alone the mug."""
    lines = [line(number, "22222", "2011-01-05", 2, customer=number, description="TRAY") for number in range(1, 121)]
    cursor = sold(*lines, line(1, "11111", "2011-01-05", 10, customer=1))
    rows = ask(cursor, "select segment, stock_code, customers, share_of_segment, segment_index from mart.segment_index")
    indexed = [row for row in rows if row[4] is not None]
    assert all((row[2] >= 20) == (row[4] is not None) for row in rows)
    assert indexed
    for _, code, _, share, index in indexed:
        assert float(index) == pytest.approx(float(share) / ((240 if code == "22222" else 10) / 250))
