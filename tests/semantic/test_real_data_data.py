"""Bridge, missing values, drivers, value and rival definitions on the real data, against pandas."""

import math
from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from tests.semantic.test_real_data import SERVICES, goods, lines, table, thousandths  # noqa: F401

pytestmark = pytest.mark.realdata
WHAT = ["invoice_no", "stock_code", "description", "quantity", "invoice_at", "unit_price", "customer_id", "country"]


@pytest.fixture(scope="module")
def typed(lines) -> pd.DataFrame:  # noqa: F811
    """Every line of the file with its type and which copy it is."""
    frame = lines.copy()
    frame["invoice_no"] = frame["invoice_no"].str.upper()
    frame["stock_code"] = frame["stock_code"].str.strip().str.upper()
    copies = frame.groupby(WHAT, dropna=False)["quantity"]
    number, size = copies.cumcount(), copies.transform("size")
    is_twice = frame["invoice_at"].between("2010-12-01", "2010-12-10", inclusive="left") & (size > 1)
    frame["is_overlap"] = is_twice & (number >= size / 2)
    frame["is_repeat"] = (number > 0) & ~frame["is_overlap"]
    frame["is_product"] = ~frame["stock_code"].str.fullmatch(SERVICES)
    frame["type"] = "sale"
    frame.loc[~frame["is_product"], "type"] = "fee"
    frame.loc[frame["price"] == 0, "type"] = "free"
    frame.loc[frame["quantity"] < 0, "type"] = "write_off"
    frame.loc[frame["invoice_no"].str.startswith("A"), "type"] = "adjustment"
    frame.loc[frame["is_cancelled"], "type"] = "cancellation"
    return frame


def test_the_bridge_is_that_of_pandas(mart, typed):
    names = {"cancellation": 3, "adjustment": 4, "write_off": 5, "free": 6, "fee": 7, "sale": 9}
    step = typed["type"].map(names)
    step = step.mask((typed["type"] == "sale") & typed["customer_id"].isna(), 8)
    step = step.mask(typed["is_repeat"], 2).mask(typed["is_overlap"], 1)
    wanted = typed.groupby([typed["month"], step])["amount"].agg(["size", "sum"])
    found = table(
        mart,
        "select month, left(step, 1)::integer as step, sum(lines) as lines, sum(sales) as sales "
        "from mart.bridge_month where lines > 0 group by 1, 2 order by 1, 2",
    )
    assert list(zip(found["month"], found["step"], strict=True)) == list(wanted.index)
    assert list(found["lines"]) == list(wanted["size"])
    assert thousandths(found["sales"]) == list(wanted["sum"])
    (ends,) = table(
        mart, "select sum(sales_bar) as pounds, sum(lines_bar) as lines from mart.bridge_month"
    ).itertuples()
    assert int(ends.pounds * 1000) == typed[step == 9]["amount"].sum()
    assert int(ends.lines) == (step == 9).sum()


def test_what_is_missing_is_what_pandas_misses(mart, typed):
    found = table(
        mart,
        "select field, sum(lines_missing) as lines, sum(sales_missing) as sales, sum(lines_filled) as filled, "
        "sum(lines_missing_in_file) as in_file from mart.missing_month group by 1",
    ).set_index("field")
    text = typed["description"].str.strip()
    lacks = {
        "Description": text.isna() | (text == ""),
        "Customer number": typed["customer_id"].isna(),
        "Country": typed["country"] == "Unspecified",
    }
    once = ~typed["is_overlap"]
    for field, missing in lacks.items():
        assert int(found["in_file"][field]) == missing.sum()
        assert int(found["lines"][field]) == (missing & once).sum()
        assert int(found["sales"][field] * 1000) == typed[missing & once]["amount"].sum()
    assert (found["in_file"]["Customer number"], found["in_file"]["Description"]) == (243_007, 4_382)
    named = set(typed[(typed["price"] != 0) & ~lacks["Description"]]["stock_code"])
    filled = lacks["Description"] & once & typed["stock_code"].isin(named)
    assert int(found["filled"]["Description"]) == filled.sum() > 0
    assert int(found["filled"].sum()) == filled.sum()


def test_the_drivers_are_those_of_pandas(mart, typed):
    sold = typed[(typed["type"] == "sale") & ~typed["is_overlap"]]
    known, guests = sold[sold["customer_id"].notna()], sold[sold["customer_id"].isna()]
    back = typed[(typed["type"] == "cancellation") & typed["is_product"] & ~typed["is_overlap"]]
    by_month = pd.DataFrame(
        {
            "customers": known.groupby("month")["customer_id"].nunique(),
            "orders": known.groupby("month")["invoice_no"].nunique(),
            "goods": known.groupby("month")["amount"].sum(),
            "guests": guests.groupby("month")["amount"].sum(),
            "back": -back.groupby("month")["amount"].sum(),
            "copies": typed[typed["is_overlap"]].groupby("month")["amount"].sum(),
            "sales": typed.groupby("month")["amount"].sum(),
            "days": sold.groupby("month")["invoice_at"].apply(lambda at: at.dt.date.nunique()),
        }
    ).fillna(0)
    found = table(mart, "select * from mart.sales_driver where slice_by = 'Whole shop' order by month, compared_with")
    assert len(found) == 23 + 12
    for row in found.itertuples():
        now, before = by_month.loc[row.month], by_month.loc[row.month_before]
        log_mean = (now.goods - before.goods) / math.log(now.goods / before.goods)
        for column, of in {
            "by_customers": lambda one: one.customers,
            "by_orders_per_customer": lambda one: one.orders / one.customers,
            "by_goods_per_order": lambda one: one.goods / one.orders,
        }.items():
            wanted = log_mean * math.log(of(now) / of(before)) / 1000
            assert float(getattr(row, column)) == pytest.approx(wanted, abs=0.01), (row.month, column)
        exact = {
            "sales_change": now.sales - before.sales,
            "by_guests": now.guests - before.guests,
            "by_cancellations": before.back - now.back,
            "by_second_copies": now.copies - before.copies,
        }
        assert {name: int(getattr(row, name) * 1000) for name in exact} == {k: int(v) for k, v in exact.items()}
        assert row.sales_change == sum(
            (value for name, value in row._asdict().items() if name.startswith("by_")), Decimal(0)
        )
        assert (row.days_with_goods, row.customers) == (now.days, now.customers)
    months = set(found["month"])
    assert (min(months), max(months)) == (date(2010, 1, 1), date(2011, 11, 1))


PERIODS = {
    "1 Last 12 complete months": (date(2010, 12, 1), date(2011, 11, 1)),
    "2 12 months before": (date(2009, 12, 1), date(2010, 11, 1)),
    "3 All time": (date(2009, 12, 1), date(2011, 12, 1)),
}


@pytest.mark.parametrize("period", PERIODS)
def test_concentration_is_that_of_pandas(period, mart, goods):  # noqa: F811
    sold = goods[goods["is_sold"] & goods["customer_id"].notna() & goods["month"].between(*PERIODS[period])]
    money = sold.groupby("customer_id")["amount"].sum().sort_index().sort_values(ascending=False, kind="stable")
    found = table(mart, f"select * from mart.concentration where period = '{period}'").set_index("top")
    for top, percent in {"1 Top 1%": 1, "2 Top 5%": 5, "3 Top 20%": 20}.items():
        largest = money.head(-(-len(money) * percent // 100))
        row = found.loc[top]
        assert (row["customers"], row["customers_in_all"]) == (len(largest), len(money))
        assert thousandths(row[["goods_of_top", "goods_in_all", "least_goods"]]) == [
            largest.sum(),
            money.sum(),
            largest.min(),
        ]
    half = money[money.cumsum() - money < money.sum() / 2]
    row = found.loc["4 Half of all"]
    assert (row["customers"], int(row["goods_of_top"] * 1000)) == (len(half), half.sum())
    (segments,) = table(
        mart,
        f"select sum(customers_of_half) as half, sum(goods) as goods from mart.half_of_goods where period = '{period}'",
    ).itertuples()
    assert (segments.half, int(segments.goods * 1000)) == (len(half), money.sum())


def test_value_by_cohort_is_that_of_pandas(mart, goods):  # noqa: F811
    known = goods[goods["customer_id"].notna()]
    first = known[known["is_sold"]].groupby("customer_id")["month"].min()
    moved = known[known["is_sold"] | known["is_taken_back"]].groupby("customer_id")["amount"].sum()
    wanted = pd.DataFrame({"first": first, "net": moved.reindex(first.index)}).groupby("first")["net"]
    found = table(
        mart,
        "select first_order_month as month, sum(customers) as customers, sum(net_money) as net "
        "from mart.customer_value group by 1 order by 1",
    )
    assert list(found["month"]) == list(wanted.size().index)
    assert list(found["customers"]) == list(wanted.size())
    assert thousandths(found["net"]) == list(wanted.sum())


def test_rival_definitions_are_those_of_pandas(mart, typed, goods):  # noqa: F811
    once = typed[~typed["is_overlap"]]
    sold = goods[goods["is_sold"]]
    known = sold[sold["customer_id"].notna()]
    guests = sold[sold["customer_id"].isna()].groupby("month")["invoice_no"].nunique()
    plain = typed[~typed["is_cancelled"]].groupby("month")["invoice_no"].nunique()
    positive = once[(once["quantity"] > 0) & (once["price"] > 0)]
    days = known.drop_duplicates(["customer_id", "month"]).groupby("month").size() * 0
    days = (
        days
        + known.assign(day=known["invoice_at"].dt.date).drop_duplicates(["customer_id", "day"]).groupby("month").size()
    )
    moved = goods[(goods["is_sold"] | goods["is_taken_back"]) & goods["customer_id"].notna()]
    worth = moved.groupby(["month", "customer_id"])["amount"].sum()
    counts = {
        "3 Invoices that are no cancellation": plain,
        "6 Order days of customers, and guest orders": days + guests,
        "1 Customers who ordered": known.groupby("month")["customer_id"].nunique(),
        "3 Who bought more than they cancelled": worth[worth > 0].groupby("month").size(),
        "4 Each guest order a customer": known.groupby("month")["customer_id"].nunique() + guests,
        "3 First order in the month": known.groupby("customer_id")["month"].min().value_counts().sort_index(),
    }
    money = {
        "1 Sales without duplicates": once.groupby("month")["amount"].sum(),
        "5 Lines with quantity and price above 0": positive.groupby("month")["amount"].sum(),
        "6 Known customers alone": once[once["customer_id"].notna()].groupby("month")["amount"].sum(),
    }
    for definition, wanted in (counts | money).items():
        found = table(
            mart, f"select month, value from mart.rival_definition where definition = '{definition}' order by month"
        ).set_index("month")["value"]
        scale = 1000 if definition in money else 1
        assert {month: int(value * scale) for month, value in found.items()} == {
            month: int(value) for month, value in wanted.items()
        }, definition
