"""The known figures on the real data, to the digit, against pandas as an independent witness."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from psycopg2.extensions import connection as Connection

from bootstrap.assets.examples import load_examples
from bootstrap.contracts import run_contracts
from bootstrap.project import current
from bootstrap.semantic.house_rules import definitions
from bootstrap.semantic.narrowed import find_keys

pytestmark = pytest.mark.realdata
DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def lines(real_csv) -> pd.DataFrame:
    """The lines as pandas reads them. ``amount`` is in thousandths of a pound, so that sums are exact."""
    names = [
        "invoice_no",
        "stock_code",
        "description",
        "quantity",
        "invoice_at",
        "unit_price",
        "customer_id",
        "country",
    ]
    frame = pd.read_csv(real_csv, header=0, names=names, dtype={"invoice_no": str, "stock_code": str})
    frame["invoice_at"] = pd.to_datetime(frame["invoice_at"])
    frame["month"] = frame["invoice_at"].dt.to_period("M").dt.to_timestamp().dt.date
    frame["price"] = (frame["unit_price"] * 1000).round().astype("int64")
    frame["amount"] = frame["quantity"] * frame["price"]
    frame["is_cancelled"] = frame["invoice_no"].str.startswith("C")
    return frame


def table(connection: Connection, sql: str) -> pd.DataFrame:
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


def thousandths(values: pd.Series) -> list[int]:
    return [int(value * 1000) for value in values]


def test_monthly_metrics_are_those_of_pandas(mart, lines):
    found = table(mart, "select * from mart.monthly_metrics order by month").set_index("month")
    by_month = lines.groupby("month")
    cancelled = lines[lines["is_cancelled"]].groupby("month")["invoice_no"].nunique()
    total = by_month["invoice_no"].nunique()
    sales = by_month["amount"].sum()
    known = lines.dropna(subset="customer_id")
    first = known.groupby("customer_id")["month"].transform("min")
    assert list(found.index) == list(total.index)
    assert list(found["orders_total"]) == list(total)
    assert list(found["orders_cancelled"]) == list(cancelled)
    assert list(found["orders_placed"]) == list(total - 2 * cancelled)
    assert thousandths(found["sales"]) == list(sales)
    assert list(found["active_customers"]) == list(known.groupby("month")["customer_id"].nunique())
    new = known[first == known["month"]].groupby("month")["customer_id"].nunique()
    assert list(found["new_customers"]) == list(new)
    assert list(found["existing_customers"]) == list(found["active_customers"] - found["new_customers"])
    growth = found["sales_growth_pct"].astype(float)
    pd.testing.assert_series_equal(growth, sales.pct_change() * 100, check_names=False, check_exact=False, rtol=1e-12)
    assert list(found.index[~found["is_complete_month"]]) == [date(2011, 12, 1)]


def rfm_of_pandas(lines: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Recency, frequency, monetary value and scores as the definitions say, in pandas alone."""
    rfm_lines = lines[
        lines["customer_id"].notna() & lines["description"].notna() & (lines["quantity"] > 0) & (lines["amount"] > 0)
    ]
    customers = rfm_lines[rfm_lines["invoice_at"] < as_of].groupby("customer_id")
    rfm = pd.DataFrame(
        {
            "recency": (as_of - customers["invoice_at"].max()).dt.days,
            "frequency": customers["invoice_no"].nunique(),
            "monetary": customers["amount"].sum(),
        }
    ).sort_index()
    rfm["r"] = groups(rfm["recency"], [5, 4, 3, 2, 1])
    rfm["f"] = groups(rfm["frequency"].rank(method="first"), [1, 2, 3, 4, 5])
    rfm["m"] = groups(rfm["monetary"] / 1000, [1, 2, 3, 4, 5])
    return rfm


def groups(values: pd.Series, scores: list[int]) -> pd.Series:
    edges = values.quantile([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    return pd.cut(values, edges, labels=scores, include_lowest=True).astype(int)


def test_scores_are_those_of_pandas_today(mart, lines):
    found = table(mart, "select * from mart.rfm_customer order by customer_id").set_index("customer_id")
    wanted = rfm_of_pandas(lines, pd.Timestamp(2012, 1, 1))
    assert list(found.index) == list(wanted.index.astype(int))
    for column, name in {
        "recency": "recency",
        "frequency": "frequency",
        "r_score": "r",
        "f_score": "f",
        "m_score": "m",
    }.items():
        assert list(found[column]) == list(wanted[name]), column
    assert thousandths(found["monetary"]) == list(wanted["monetary"])


@pytest.mark.parametrize("month", [date(2009, 12, 1), date(2010, 12, 1), date(2011, 8, 1)])
def test_scores_are_those_of_pandas_at_a_month_end(month, mart, lines):
    found = table(mart, f"select * from mart.rfm_history where month = '{month}' order by customer_id")
    wanted = rfm_of_pandas(lines, pd.Timestamp(month) + pd.offsets.MonthBegin())
    assert list(found["rfm_score"]) == [
        f"{r}{f}{m}" for r, f, m in zip(wanted["r"], wanted["f"], wanted["m"], strict=True)
    ]
    assert list(found["recency"]) == list(wanted["recency"])


def test_segments_are_the_known_ones(mart):
    found = table(mart, "select segment, customers, recency, frequency, monetary from mart.rfm_segment")
    known = {
        "Champions": (852, 30.25, 19.21, 10795.52),
        "Loyal Customers": (1147, 89.31, 9.8, 4199.73),
        "Hibernating": (1522, 481.01, 1.25, 437.96),
        "Can't Lose": (71, 352.8, 15.93, 8355.68),
    }
    rounded = {
        row.segment: (row.customers, *(round(float(value), 2) for value in (row.recency, row.frequency, row.monetary)))
        for row in found.itertuples()
    }
    assert {segment: rounded[segment] for segment in known} == known
    assert (len(rounded), found["customers"].sum()) == (10, 5878)


def test_invoice_amounts_are_those_of_pandas(mart, lines):
    positive = lines[(lines["quantity"] > 0) & (lines["unit_price"] > 0)]
    amounts = positive.groupby("invoice_no")["amount"].sum()
    first = amounts[amounts / 1000 <= (amounts / 1000).quantile(0.85)]
    found = table(mart, "select * from mart.invoice_amount_summary").set_index("scope")
    for scope, wanted in {"all": amounts, "first_85_percent": first}.items():
        row = found.loc[scope]
        assert row["invoices"] == len(wanted)
        assert thousandths(row[["minimum", "maximum", "mode"]]) == [wanted.min(), wanted.max(), wanted.mode().min()]
        assert float(row["mean"]) == pytest.approx(wanted.mean() / 1000, rel=1e-12)
        assert float(row["median"]) == pytest.approx(wanted.median() / 1000, rel=1e-12)


SERVICES = r"(?i)post|dot|c2|c3|m|d|s|b|bank charges|amazonfee|cruk|adjust\d*|test\d*|gift.*|23444|23574|22016"


@pytest.fixture(scope="module")
def goods(lines) -> pd.DataFrame:
    """The lines once, with what is goods sold and what takes goods back, by the definitions and in pandas alone."""
    frame = lines.copy()
    frame["invoice_no"] = frame["invoice_no"].str.upper()
    frame["stock_code"] = frame["stock_code"].str.strip().str.upper()
    what = ["invoice_no", "stock_code", "description", "quantity", "invoice_at", "unit_price", "customer_id", "country"]
    repeated = (
        frame.groupby(what, dropna=False).cumcount(),
        frame.groupby(what, dropna=False)["quantity"].transform("size"),
    )
    overlap = frame["invoice_at"].between("2010-12-01", "2010-12-10", inclusive="left")
    frame = frame[~(overlap & (repeated[0] >= repeated[1] / 2) & (repeated[1] > 1))]
    is_product = ~frame["stock_code"].str.fullmatch(SERVICES)
    is_adjusted = frame["invoice_no"].str.startswith("A")
    frame["is_sold"] = (
        is_product & ~frame["is_cancelled"] & ~is_adjusted & (frame["quantity"] > 0) & (frame["price"] > 0)
    )
    frame["is_taken_back"] = is_product & frame["is_cancelled"]
    return frame


def test_orders_and_cancellations_are_those_of_pandas(mart, goods):
    found = table(mart, "select * from mart.monthly_metrics order by month").set_index("month")
    sold, back = goods[goods["is_sold"]], goods[goods["is_taken_back"]]
    assert list(found["orders"]) == list(sold.groupby("month")["invoice_no"].nunique())
    assert list(found["cancellations"]) == list(back.groupby("month")["invoice_no"].nunique())
    assert thousandths(found["goods_sold"]) == list(sold.groupby("month")["amount"].sum())
    assert thousandths(found["goods_cancelled"]) == list(-back.groupby("month")["amount"].sum())
    assert (found["orders"].sum(), found["cancellations"].sum()) == (39_516, 7_404)


def test_net_money_and_who_stopped_are_those_of_pandas(mart, goods):
    found = table(mart, "select * from mart.rfm_customer order by customer_id").set_index("customer_id")
    known = goods[goods["customer_id"].notna()]
    money = known[known["is_sold"] | known["is_taken_back"]].groupby("customer_id")["amount"].sum()
    assert thousandths(found["net_money"]) == list(money.reindex(found.index).fillna(0).astype("int64"))
    assert list(found["took_everything_back"] == "Yes") == [value <= 0 for value in found["net_money"]]
    sold = known[known["is_sold"]]
    since = set(sold[sold["month"] >= date(2011, 9, 1)]["customer_id"].astype(int))
    before = set(sold[sold["month"].between(date(2011, 6, 1), date(2011, 8, 1))]["customer_id"].astype(int))
    assert set(found.index[found["stopped_buying"] == "Yes"]) == (before - since) & set(found.index)


def test_new_or_back_customers_are_those_of_pandas(mart, goods):
    found = table(
        mart, "select month, sum(new_or_back_customers) as back from mart.customer_month group by 1 order by 1"
    ).set_index("month")["back"]
    bought = goods[goods["is_sold"] & goods["customer_id"].notna()]
    months = sorted(bought["month"].unique())
    buyers = {month: set(part["customer_id"]) for month, part in bought.groupby("month")}
    wanted = {
        month: len(buyers[month] - set().union(*(buyers[before] for before in months[place - 11 : place])))
        for place, month in enumerate(months)
        if place >= 11
    }
    assert {month: int(back) for month, back in found.items() if pd.notna(back)} == wanted
    assert (wanted[date(2010, 11, 1)], wanted[date(2011, 11, 1)]) == (326, 323)


def test_withdrawn_orders_are_those_of_pandas(mart, goods):
    known = goods[goods["customer_id"].notna()]
    keys = ["customer_id", "stock_code"]
    ordered = (
        known[known["is_sold"]].groupby(["invoice_no", *keys]).agg(at=("invoice_at", "min"), units=("quantity", "sum"))
    )
    back = (
        known[known["is_taken_back"]]
        .groupby(["invoice_no", *keys])
        .agg(at=("invoice_at", "min"), units=("quantity", "sum"))
    )
    pairs = ordered.reset_index().merge(back.reset_index(), on=keys, suffixes=("", "_back"))
    soon = pairs[(pairs["at_back"] >= pairs["at"]) & (pairs["at_back"] - pairs["at"] < pd.Timedelta(days=7))]
    taken = soon.groupby(["invoice_no", *keys])["units_back"].sum().reindex(ordered.index).fillna(0)
    whole = (-taken >= ordered["units"]).groupby("invoice_no").all()
    found = table(mart, "select distinct order_no from rollup.withdrawal")
    assert set(found["order_no"]) == set(whole.index[whole])
    assert len(found) == 223


def test_twelve_months_on_twelve_with_one_copy_of_december(mart):
    (row,) = table(
        mart,
        "select sum(sales) filter (where months_ago between 0 and 11)"
        " / sum(sales) filter (where months_ago > 11) as known,"
        " sum(sales_without_overlap) filter (where months_ago between 0 and 11)"
        " / sum(sales_without_overlap) filter (where months_ago > 11) as once from mart.monthly_metrics",
    ).itertuples()
    assert (round(100 * (float(row.known) - 1), 1), round(100 * (float(row.once) - 1), 1)) == (5.8, 1.7)


def test_known_anchors(mart):
    (row,) = table(mart, "select * from mart.coverage").itertuples()
    assert (row.lines, row.invoices, row.customers, row.countries) == (1_067_371, 53_628, 5_942, 43)
    assert str(row.sales) == "19287250.568"
    january = table(mart, "select sales from mart.monthly_metrics where month = '2011-01-01'")
    assert str(january["sales"][0]) == "560000.26"


def test_every_check_of_the_layer_holds(mart, layer):
    with mart, mart.cursor() as cursor:
        checks = [check for twin in layer.twins for check in twin.checks]
        assert run_contracts(cursor, checks) == len(checks)


def test_what_is_computed_whole_is_small(mart, layer):
    whole = [twin.relation for twin in layer.twins if twin.kind == "stored" and not twin.kept_by]
    sizes = {name: int(table(mart, f"select count(*) as rows from {name}")["rows"][0]) for name in whole}
    assert {name: rows for name, rows in sizes.items() if rows > 10_000} == {}


def test_changed_invoices_are_read_through_an_index(mart, layer):
    twin = layer.twin("rollup.invoice_month")
    with mart, mart.cursor() as cursor:
        cursor.execute(
            "create temporary table changed on commit drop as select *, true as is_new from warehouse.line "
            "where invoice_no = '581587'; analyze changed"
        )
        keys = find_keys(cursor, twin, {"warehouse.line": "changed"})
        cursor.execute(f"explain select * from warehouse.line as own where {keys.holds('own', keys.columns)}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert keys.count == 1
    assert "line_invoice_no_idx" in plan
    assert "Seq Scan on line" not in plan


@pytest.mark.parametrize(
    "where", ["customer_id = 12748", "stock_code = '22423'", "invoice_no in ('536365', '536366', 'C536379')"]
)
def test_the_lines_of_a_customer_a_product_or_invoices_are_found_by_an_index(where, mart):
    with mart, mart.cursor() as cursor:
        cursor.execute(f"explain select * from mart.sales_line where {where}")
        assert "Seq Scan on line" not in "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize("example", load_examples(current().superset), ids=lambda example: example.name)
def test_every_worked_example_has_an_answer(example, mart):
    with mart, mart.cursor() as cursor:
        cursor.execute("set local search_path = mart, warehouse")
        cursor.execute(example.sql)
        assert cursor.rowcount > 0


def test_the_house_rules_quote_these_data(mart):
    with mart, mart.cursor() as cursor:
        assert definitions(cursor) == (DOCS / "definitions.md").read_text(encoding="utf-8"), "run: lgs docs"
