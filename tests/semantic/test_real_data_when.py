"""Seasons, places and cancellations on the real data, against pandas as an independent witness."""

from datetime import date, timedelta
from math import exp, lgamma, log

import pandas as pd
import pytest
from psycopg2.extensions import connection as Connection

pytestmark = pytest.mark.realdata
SERVICES = r"(?i)post|dot|c2|c3|m|d|s|b|bank charges|amazonfee|cruk|adjust\d*|test\d*|gift.*|23444|23574|22016"
YEARS = {0: (date(2010, 12, 1), date(2011, 12, 1)), 1: (date(2009, 12, 1), date(2010, 12, 1))}


@pytest.fixture(scope="module")
def goods(real_csv) -> pd.DataFrame:
    """Lines once, of products; ``amount`` in thousandths of a pound, positive also where goods are taken back."""
    names = ["invoice", "code", "text", "quantity", "at", "price", "customer", "country"]
    frame = pd.read_csv(real_csv, header=0, names=names, dtype={"invoice": str, "code": str})
    frame["at"] = pd.to_datetime(frame["at"])
    lines = frame.groupby(names, dropna=False)["quantity"]
    again, copies = lines.cumcount(), lines.transform("size")
    overlap = frame["at"].between("2010-12-01", "2010-12-10", inclusive="left")
    frame = frame[~(overlap & (copies > 1) & (again >= copies / 2))].copy()
    frame["invoice"], frame["code"] = frame["invoice"].str.upper(), frame["code"].str.strip().str.upper()
    frame["amount"] = (frame["quantity"] * (frame["price"] * 1000).round()).astype("int64")
    frame["day"] = frame["at"].dt.date
    product = ~frame["code"].str.fullmatch(SERVICES)
    back = frame["invoice"].str.startswith("C")
    sold = ~back & ~frame["invoice"].str.startswith("A") & (frame["quantity"] > 0) & (frame["price"] > 0)
    frame["kind"] = "other"
    frame.loc[product & sold, "kind"] = "sold"
    frame.loc[product & back, "kind"] = "back"
    return frame[frame["kind"] != "other"]


@pytest.fixture(scope="module")
def sold(goods) -> pd.DataFrame:
    return goods[goods["kind"] == "sold"]


@pytest.fixture(scope="module")
def back(goods) -> pd.DataFrame:
    frame = goods[goods["kind"] == "back"].copy()
    frame[["amount", "quantity"]] *= -1
    return frame


def table(connection: Connection, sql: str) -> pd.DataFrame:
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


def thousandths(values: pd.Series) -> list[int]:
    return [int(value * 1000) for value in values]


def test_trading_days_and_hours_are_those_of_pandas(mart, sold):
    days = table(mart, "select date, sum(goods_sold) as goods, sum(orders) as orders from mart.season_day group by 1")
    days = days.set_index("date").sort_index()
    by_day = sold.groupby("day")
    assert list(days.index) == sorted(by_day.groups)
    assert thousandths(days["goods"]) == list(by_day["amount"].sum())
    assert list(days["orders"]) == list(sold.groupby("invoice")["day"].min().value_counts().sort_index())
    hours = table(
        mart, "select weekday_name, hour, sum(goods_sold) as goods from mart.season_hour group by 1, 2 order by 1, 2"
    )
    at = sold["at"].dt
    wanted = sold.groupby([at.dayofweek, at.hour])["amount"].sum()
    found = [(int(name[0]) - 1, hour) for name, hour in zip(hours["weekday_name"], hours["hour"], strict=True)]
    assert found == list(wanted.index)
    assert thousandths(hours["goods"]) == list(wanted)


def test_low_seasons_are_those_of_pandas(mart, sold):
    of_day = sold.groupby("day")["amount"].sum() / 1000
    index = {}
    for year, (first, end) in YEARS.items():
        days = of_day[(of_day.index >= first) & (of_day.index < end)]
        weeks = [day.isocalendar().week for day in days.index]
        index[year] = days.groupby(weeks).mean() / days.mean()
    found = table(mart, "select period_number, years_ago, season_index from mart.season_index where kind = 'Week'")
    assert len(found) == sum(map(len, index.values()))
    for row in found.itertuples():
        assert float(row.season_index) == pytest.approx(index[row.years_ago][row.period_number], rel=1e-9)
    low = [week for week in range(1, 54) if all(index[year].get(week, 1) < 0.8 for year in YEARS)]
    seasons = table(mart, "select * from mart.low_season order by first_week")
    weeks = {
        week for row in seasons.itertuples() for week in range(int(row.first_week[1:]), int(row.last_week[1:]) + 1)
    }
    assert sorted(weeks) == low == [4, 5, 6, 10, 15, 22, 25]
    after = sold["day"].max() + timedelta(days=1)
    start = min(date.fromisocalendar(2012, week, 1) for week in low)
    (soonest,) = seasons[seasons["is_next"]].itertuples()
    assert (soonest.next_first_day, soonest.weeks_to_go) == (start, -(-(start - after).days // 7))


def test_places_are_those_of_pandas(mart, sold, back):
    found = table(
        mart,
        "select country, sum(goods_sold) as goods, sum(orders) as orders, sum(cancellations) as cancellations,"
        " count(distinct customer_id) filter (where orders > 0) as buyers, sum(goods_sold_compared) as compared,"
        " sum(goods_sold_year_before) as before from mart.place_month where complete_month_number <= 12 group by 1",
    ).set_index("country")
    first, end = YEARS[0]
    lines = sold[(sold["day"] >= first) & (sold["day"] < end)]
    earlier = sold[(sold["day"] >= YEARS[1][0]) & (sold["day"] < YEARS[1][1])]
    taken = back[(back["day"] >= first) & (back["day"] < end)]
    wanted = pd.DataFrame(
        {
            "goods": lines.groupby("country")["amount"].sum(),
            "orders": lines.groupby("country")["invoice"].nunique(),
            "buyers": lines.groupby("country")["customer"].nunique(),
            "before": earlier.groupby("country")["amount"].sum(),
            "cancellations": taken.groupby("country")["invoice"].nunique(),
        }
    )
    wanted = wanted.fillna(0).astype("int64")
    wanted.index = [{"EIRE": "Ireland", "RSA": "South Africa", "USA": "United States"}.get(c, c) for c in wanted.index]
    renamed = table(mart, "select country from mart.country")["country"]
    assert set(found.index) <= set(renamed)
    shared = found.index.intersection(wanted.index)
    assert len(shared) >= len(wanted) - 2, set(found.index) ^ set(wanted.index)
    assert thousandths(found.loc[shared, "goods"]) == list(wanted.loc[shared, "goods"])
    assert thousandths(found.loc[shared, "compared"]) == list(wanted.loc[shared, "goods"])
    assert thousandths(found.loc[shared, "before"]) == list(wanted.loc[shared, "before"])
    for column in ("orders", "buyers", "cancellations"):
        assert [int(value) for value in found.loc[shared, column]] == list(wanted.loc[shared, column]), column


def test_matched_cancellations_are_those_of_pandas(mart, sold, back):
    keys = ["customer", "code"]
    taken = back.groupby(["invoice", *keys, "country"], dropna=False).agg(
        at=("at", "min"), units=("quantity", "sum"), amount=("amount", "sum")
    )
    orders = sold.dropna(subset="customer").groupby(["invoice", *keys]).agg(at=("at", "min"), units=("quantity", "sum"))
    pairs = taken.reset_index().merge(orders.reset_index(), on=keys, suffixes=("", "_order"))
    waited = pairs["at"] - pairs["at_order"]
    pairs = pairs[(waited >= pd.Timedelta(0)) & (waited < pd.Timedelta(days=365))]
    newest = pairs.sort_values(["at_order", "invoice_order"]).groupby(["invoice", *keys]).last()
    exact = (newest["units"] == newest["units_order"]).sum()
    part = (newest["units"] < newest["units_order"]).sum()
    guests = taken.index.get_level_values("customer").isna().sum()
    found = table(
        mart,
        "select invoice_no, stock_code, customer_id, matched_order, days_to_cancel, match_quality"
        " from mart.cancellation",
    )
    counted = found["match_quality"].value_counts().to_dict()
    assert counted == {
        "Exact quantity": exact,
        "Part of the order": part,
        "More than the order": len(newest) - exact - part,
        "No customer number": guests,
        "No order found": len(taken) - guests - len(newest),
    }
    matched = found.dropna(subset="matched_order").set_index(["invoice_no", "customer_id", "stock_code"]).sort_index()
    assert list(matched.index) == list(newest.index)
    assert list(matched["matched_order"]) == list(newest["invoice_order"])
    days = (newest["at"].dt.normalize() - newest["at_order"].dt.normalize()).dt.days
    assert [int(value) for value in matched["days_to_cancel"]] == list(days)


def poisson_tail(least: int, mean: float) -> float:
    """The probability of at least so many where so many are expected."""
    return sum(exp(count * log(mean) - mean - lgamma(count + 1)) for count in range(least, least + 500))


@pytest.mark.parametrize(("kind", "column"), [("Product", "code"), ("Customer", "customer")])
def test_unusual_cancellations_are_those_of_pandas(kind, column, mart, sold, back):
    first, end = YEARS[0]
    orders, taken = (
        frame[(frame["day"] >= first) & (frame["day"] < end)].groupby(column)["invoice"].nunique()
        for frame in (sold, back)
    )
    both = pd.DataFrame({"orders": orders, "taken": taken}).fillna(0)
    expected = both["orders"] * both["taken"].sum() / both["orders"].sum()
    compared = (both["orders"] >= 10).sum()
    many = both[(both["orders"] >= 10) & (both["taken"] >= 5) & (both["taken"] > expected)]
    chance = [poisson_tail(int(taken), mean) for taken, mean in zip(many["taken"], expected[many.index], strict=True)]
    wanted = many[[one * compared < 0.05 for one in chance]]
    found = table(mart, f"select code from mart.unusual_cancellation where kind = '{kind}' and is_unusual")
    assert set(found["code"]) == {str(code if kind == "Product" else int(code)) for code in wanted.index}
    assert len(found) > 5


def test_who_cancelled_and_has_not_ordered_since_is_that_of_pandas(mart, sold, back):
    cancelled = back.groupby(["customer", "invoice"])["at"].min().groupby("customer").max()
    ordered = sold.groupby(["customer", "invoice"])["at"].min().groupby("customer").max()
    gone = cancelled[cancelled > ordered.reindex(cancelled.index).fillna(pd.Timestamp.min)]
    found = table(mart, "select * from mart.gone_after_cancelling order by customer_id").set_index("customer_id")
    assert list(found.index) == [int(customer) for customer in gone.index]
    assert list(found["last_cancellation_at"]) == list(gone)
    bought = sold.groupby("customer")["amount"].sum().reindex(gone.index).fillna(0).astype("int64")
    taken = back.groupby("customer")["amount"].sum().reindex(gone.index)
    assert thousandths(found["goods_sold"]) == list(bought)
    assert thousandths(found["net_money"]) == list(bought - taken)
