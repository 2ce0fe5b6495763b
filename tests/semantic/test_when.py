"""Seasons, places and cancellations, on shops where only the right rule fits."""

from datetime import date, datetime

import pytest


def line(invoice, quantity, at, customer="5", code="11111", country="Spain"):
    return [str(invoice), code, "MUG", str(quantity), at, "1.00", customer, country]


def ask(cursor, sql):
    cursor.execute(sql)
    return cursor.fetchall()


def months(year: int, units: int = 10) -> list[list[str]]:
    """A shop that sells on the fifth of each month."""
    return [line(f"{year}{month:02}", units, f"{year}-{month:02}-05 16:00") for month in range(1, 13)]


LOW = [line(1, 2, "2010-02-09 16:00"), line(2, 2, "2010-02-16 16:00"), line(3, 2, "2010-05-18 16:00")]
AFTER = line(9, 10, "2011-01-05 16:00")


def test_weeks_below_four_fifths_of_the_mean_are_low_season_and_are_counted_down(sold):
    """Weeks 6 and 7 are one low season, 20 another: 126 on 15 days are 8.40 a day, and 2 is below 6.72."""
    cursor = sold(*months(2010), *LOW, AFTER)
    seasons = ask(
        cursor,
        "select first_week, last_week, weeks, goods_per_trading_day, season_index::float, next_first_day,"
        " next_last_day, weeks_to_go, is_next from mart.low_season order by 1",
    )
    assert seasons == [
        ("W06", "W07", 2, 2, pytest.approx(2 / 8.4, abs=1e-5), date(2011, 2, 7), date(2011, 2, 20), 5, True),
        ("W20", "W20", 1, 2, pytest.approx(2 / 8.4, abs=1e-5), date(2011, 5, 16), date(2011, 5, 22), 19, False),
    ]
    february = "select trading_days, goods_sold, is_low from mart.season_index where period = '02 February'"
    assert ask(cursor, february) == [(3, 14, True)]


def test_what_is_low_in_one_year_alone_is_not_low_season(sold):
    """Week 6 sold 50 the year before, and week 20 was closed then."""
    lines = [*months(2009), *months(2010), *LOW, AFTER]
    before = [line(4, 50, "2009-02-03 16:00"), line(5, 2, "2009-02-10 16:00")]
    cursor = sold(*lines, *before)
    assert ask(cursor, "select first_week, last_week from mart.low_season") == [("W07", "W07")]
    years = "select distinct years_ago, year_name, years_held from mart.season_index order by 1"
    assert ask(cursor, years) == [(0, "Jan 2010 to Dec 2010", 2), (1, "Jan 2009 to Dec 2009", 2)]


def test_a_low_season_that_is_on_has_no_weeks_to_go(sold):
    cursor = sold(*months(2010), *LOW, AFTER, line(10, 1, "2011-02-15 16:00"))
    found = ask(cursor, "select next_first_day, weeks_to_go from mart.low_season where is_next")
    assert found == [(date(2011, 2, 7), 0)]


def test_without_a_year_of_complete_months_no_season_is_told(sold):
    cursor = sold(*months(2010)[1:], *LOW, AFTER)
    assert ask(cursor, "select * from mart.season_index") == []
    assert ask(cursor, "select * from mart.low_season") == []


def test_growth_compares_months_that_are_complete_in_both_years(sold):
    """Customer 6 sells 30 in January 2011; of the part month after it nothing is compared."""
    cursor = sold(*months(2010), line(20, 30, "2011-01-05 16:00", "6"), line(21, 1, "2011-02-01 09:00", "6"))
    growth = "sum(goods_sold_compared), sum(goods_sold_year_before)"
    found = ask(
        cursor, f"select month, {growth} from mart.place_month where month >= '2011-01-01' group by 1 order by 1"
    )
    assert found == [(date(2011, 1, 1), 30, 10), (date(2011, 2, 1), 0, 0)]


def test_a_cancellation_is_matched_to_the_newest_earlier_order_of_the_same_goods(sold):
    cursor = sold(
        line(1, 10, "2010-01-05 10:00"),
        line(2, 4, "2010-02-05 10:00"),
        line(3, 4, "2010-03-05 10:00", code="22222"),
        line(4, 4, "2010-03-05 10:00", "6"),
        line("C5", -4, "2010-04-05 10:00"),
        line(6, 9, "2010-04-05 10:01"),
        line("C7", -5, "2010-04-05 10:02"),
        line("C8", -10, "2010-04-05 10:03"),
        line("C9", -1, "2011-04-05 10:02"),
        line("C10", -1, "2010-04-05 10:02", ""),
    )
    found = ask(
        cursor,
        "select invoice_no, matched_order, days_to_cancel, match_quality from mart.cancellation"
        " order by cancelled_at, invoice_no",
    )
    assert found == [
        ("C5", "2", 59, "Exact quantity"),
        ("C10", None, None, "No customer number"),
        ("C7", "6", 0, "Part of the order"),
        ("C8", "6", 0, "More than the order"),
        ("C9", None, None, "No order found"),
    ]


def test_who_cancels_far_more_often_than_chance_would_give_is_unusual(sold):
    """Customer 5 cancels 10 of 10 orders, 6 to 13 one of 10: 18 on 90, so 2 are expected of each."""
    lines = []
    for customer in range(5, 14):
        for day in range(4, 14):
            number, at = f"{customer}{day:02}", f"2010-03-{day:02}"
            lines.append(line(number, 1, f"{at} 10:00", str(customer)))
            if customer == 5 or day == 4:
                lines.append(line(f"C{number}", -1, f"{at} 16:00", str(customer)))
    cursor = sold(*lines, line(1, 1, "2010-04-04 10:00", "20"))
    found = ask(
        cursor,
        "select code, orders, cancellations, expected_cancellations, chance::float, odds, is_unusual"
        " from mart.unusual_cancellation where kind = 'Customer' order by cancellations desc, code limit 2",
    )
    # 1 - sum of exp(-2) * 2^k / k! up to 9
    assert found == [
        ("5", 10, 10, 2, pytest.approx(0.0000464981, rel=1e-4), "1 in 21,506", True),
        ("10", 10, 1, 2, None, None, False),
    ]


def test_who_ordered_again_after_a_cancellation_is_not_gone(sold):
    cursor = sold(
        line(1, 5, "2010-03-01 10:00", "5"),
        line("C2", -5, "2010-03-02 10:00", "5"),
        line(3, 5, "2010-03-02 10:05", "5"),
        line(4, 5, "2010-03-01 10:00", "6"),
        line("C5", -2, "2010-03-20 10:00", "6"),
        line("C6", -1, "2010-03-25 10:00", "6"),
        line(7, 1, "2010-03-30 10:00", "7"),
    )
    found = ask(
        cursor,
        "select customer_id, last_cancellation_at, days_since_cancellation, goods_cancelled_last, cancellations,"
        " net_money from mart.gone_after_cancelling",
    )
    assert found == [(6, datetime(2010, 3, 25, 10), 6, 1, 2, 2)]
