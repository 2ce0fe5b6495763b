"""The customers' journey on the real data, against pandas as an independent witness."""

from datetime import date

import pandas as pd
import pytest
from psycopg2.extensions import connection as Connection

pytestmark = pytest.mark.realdata

NAMES = ["invoice_no", "stock_code", "description", "quantity", "invoice_at", "unit_price", "customer_id", "country"]
SERVICES = r"(?i)post|dot|c2|c3|m|d|s|b|bank charges|amazonfee|cruk|adjust\d*|test\d*|gift.*|23444|23574|22016"
WINDOWS = (30, 60, 90, 180)
LAST = pd.Timestamp(2011, 12, 8)


@pytest.fixture(scope="module")
def sold(real_csv) -> pd.DataFrame:
    """Lines of goods sold to customers with a number, December 2010 once. ``amount`` is in thousandths of a pound."""
    lines = pd.read_csv(real_csv, header=0, names=NAMES, dtype={"invoice_no": str, "stock_code": str})
    lines["invoice_at"] = pd.to_datetime(lines["invoice_at"])
    lines["stock_code"] = lines["stock_code"].str.strip().str.upper()
    overlap = lines["invoice_at"].between("2010-12-01", "2010-12-10", inclusive="left")
    groups = lines[overlap].groupby(NAMES, dropna=False)
    lines = lines.drop(lines[overlap].index[groups.cumcount() >= (groups["quantity"].transform("size") + 1) // 2])
    is_goods = (
        lines["customer_id"].notna()
        & ~lines["invoice_no"].str.upper().str.match("[CA]")
        & (lines["quantity"] > 0)
        & (lines["unit_price"] > 0)
        & ~lines["stock_code"].str.fullmatch(SERVICES)
    )
    goods = lines[is_goods].copy()
    goods["amount"] = goods["quantity"] * (goods["unit_price"] * 1000).round().astype("int64")
    goods["day"] = goods["invoice_at"].dt.normalize()
    goods["month"] = goods["day"].dt.to_period("M")
    goods["customer_id"] = goods["customer_id"].astype(int)
    return goods


@pytest.fixture(scope="module")
def steps(sold) -> pd.DataFrame:
    """The order days of each customer, numbered, with the days to the next."""
    days = sold.groupby(["customer_id", "day"]).agg(
        orders=("invoice_no", "nunique"), amount=("amount", "sum"), units=("quantity", "sum")
    )
    days = days.reset_index().sort_values(["customer_id", "day"])
    customers = days.groupby("customer_id")["day"]
    days["number"] = customers.cumcount() + 1
    days["to_next"] = (customers.shift(-1) - days["day"]).dt.days
    days["since"] = (days["day"] - customers.shift()).dt.days
    days["first"] = customers.transform("min")
    days["cohort"] = days["first"].dt.to_period("M")
    days["month"] = days["day"].dt.to_period("M")
    return days


def ask(connection: Connection, sql: str) -> list[tuple]:
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def first_of(month: pd.Period) -> date:
    return month.start_time.date()


def test_order_days_are_those_of_pandas(mart, steps):
    assert ask(mart, "select last_whole_day from mart.coverage") == [(LAST.date(),)]
    found = ask(
        mart,
        "select customer_id, order_day, order_number, orders, (goods_sold * 1000)::bigint, units_sold,"
        " days_to_next_order from mart.order_day order by customer_id, order_day",
    )
    columns = ["customer_id", "day", "number", "orders", "amount", "units", "to_next"]
    wanted = steps[columns].assign(day=steps["day"].dt.date).astype({"to_next": "Int64"}).astype(object)
    wanted["to_next"] = wanted["to_next"].where(wanted["to_next"].notna(), None)
    assert found == list(wanted.itertuples(index=False, name=None))


def test_order_numbers_are_those_of_pandas(mart, steps):
    found = ask(
        mart,
        "select order_number, customers, customers_who_go_on, customers_with_180_days_over,"
        " customers_on_within_180_days, median_days_since_order_before from mart.journey order by 1",
    )
    known = steps[steps["day"] + pd.Timedelta(days=180) <= LAST].groupby("number")["to_next"]
    by_number = steps.groupby("number")
    wanted = pd.DataFrame(
        {
            "customers": by_number.size(),
            "go_on": by_number["to_next"].count(),
            "known": known.size(),
            "in_time": known.agg(lambda days: (days <= 180).sum()),
            "median": by_number["since"].median(),
        }
    ).fillna({"known": 0, "in_time": 0})
    rows = [tuple(None if pd.isna(value) else value for value in row) for row in wanted.itertuples(name=None)]
    assert found == rows
    assert [row[1] for row in found[:3]] == [5852, 4179, 3169]


def test_first_time_buyers_back_in_time_are_those_of_pandas(mart, steps):
    first = steps[steps["number"] == 1]
    for days in WINDOWS:
        over = first[first["day"] + pd.Timedelta(days=days) <= LAST]
        months = over.groupby("cohort")
        wanted = {
            first_of(month): (int(size), int((months.get_group(month)["to_next"] <= days).sum()))
            for month, size in months.size().items()
        }
        found = ask(
            mart,
            f"select first_order_month, count(is_back_in_{days}_days), count(*) filter (where is_back_in_{days}_days)"
            " from mart.first_order group by 1",
        )
        assert {month: (size, back) for month, size, back in found if size} == wanted
        found = ask(
            mart,
            "select first_order_month, count(*), count(*) filter (where is_back) from mart.back_within"
            f" where window_days = {days} group by 1",
        )
        assert {month: (size, back) for month, size, back in found} == wanted
    assert wanted[date(2010, 1, 1)] == (368, 276)


def test_first_baskets_are_those_of_pandas(mart, sold, steps):
    first = steps[steps["number"] == 1].set_index("customer_id")
    baskets = sold[sold["day"] == sold["customer_id"].map(first["day"])][
        ["customer_id", "stock_code"]
    ].drop_duplicates()
    assert ask(mart, "select count(*) from mart.first_basket") == [(len(baskets),)]
    over = first[first["day"] + pd.Timedelta(days=90) <= LAST]
    over = over.assign(back=over["to_next"] <= 90, early=over["cohort"] == first["cohort"].min())
    bought = baskets.join(over[["back", "early"]], on="customer_id", how="inner")
    wanted = bought.groupby(["stock_code", "early"])["back"].agg(["size", "sum"])
    everyone = over.groupby("early")["back"].agg(["size", "sum"])
    found = ask(
        mart,
        "select stock_code, is_left_censored, buyers, buyers_back, buyers + other_buyers,"
        " buyers_back + other_buyers_back from mart.first_basket_product where buyers > 0",
    )
    assert {(code, early): (size, back) for code, early, size, back, _, _ in found} == {
        key: tuple(row) for key, row in zip(wanted.index, wanted.to_numpy().tolist(), strict=True)
    }
    assert {(early, size, back) for _, early, _, _, size, back in found} == {
        (early, *row) for early, row in zip(everyone.index, everyone.to_numpy().tolist(), strict=True)
    }


def test_cohorts_are_those_of_pandas(mart, steps):
    """December 2011 is not complete, so it is empty for every cohort."""
    complete = steps[steps["month"] < pd.Period("2011-12")]
    cells = complete.groupby(["cohort", "month"]).agg(active=("customer_id", "nunique"), amount=("amount", "sum"))
    sizes = steps[steps["number"] == 1].groupby("cohort").size()
    months = sorted(steps["month"].unique())
    wanted = {}
    for cohort in months:
        for month in (month for month in months if month >= cohort):
            active, amount = cells.loc[(cohort, month)] if (cohort, month) in cells.index else (0, 0)
            known = (None, None) if month == months[-1] else (int(active), int(amount))
            place = (first_of(cohort), (month - cohort).n)
            wanted[place] = (int(sizes[cohort]), *known, cohort == months[0])
    found = ask(
        mart,
        "select first_order_month, months_since_first_order, sum(cohort_customers), sum(customers_active),"
        " (sum(goods_sold) * 1000)::bigint, bool_and(is_left_censored) from mart.cohort_month group by 1, 2",
    )
    assert {(cohort, since): tuple(row) for cohort, since, *row in found} == wanted
    assert wanted[date(2009, 12, 1), 0][:2] == (951, 951)
