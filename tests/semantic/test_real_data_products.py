"""Products and baskets on the real data, against pandas as an independent witness."""

import numpy as np
import pandas as pd
import pytest
from psycopg2.extensions import connection as Connection

pytestmark = pytest.mark.realdata
NAMES = ["invoice_no", "stock_code", "description", "quantity", "at", "price", "customer_id", "country"]
SERVICES = r"(?i)post|dot|c2|c3|m|d|s|b|bank charges|amazonfee|cruk|adjust\d*|test\d*|gift.*|23444|23574|22016"
LAST_YEAR = ("2010-12-01", "2011-12-01")
"""The last twelve complete months, without the day at the end."""


@pytest.fixture(scope="module")
def once(real_csv) -> pd.DataFrame:
    """All lines, with one copy of December 2010; ``amount`` is in thousandths of a pound."""
    frame = pd.read_csv(real_csv, header=0, names=NAMES, dtype={"invoice_no": str, "stock_code": str})
    frame["at"] = pd.to_datetime(frame["at"])
    for name in ("invoice_no", "stock_code"):
        frame[name] = frame[name].str.strip().str.upper()
    overlap = frame["at"].between("2010-12-01", "2010-12-10", inclusive="left")
    some = frame[overlap].groupby(NAMES, dropna=False)["quantity"]
    place, size = some.cumcount(), some.transform("size")
    frame = frame.drop(index=place.index[(place >= size / 2) & (size > 1)])
    frame["price"] = (frame["price"] * 1000).round().astype("int64")
    frame["amount"] = frame["quantity"] * frame["price"]
    return frame


@pytest.fixture(scope="module")
def lines(once) -> pd.DataFrame:
    """Those of products."""
    return once[~once["stock_code"].str.fullmatch(SERVICES)]


@pytest.fixture(scope="module")
def sold(lines) -> pd.DataFrame:
    ours = ~lines["invoice_no"].str.startswith(("C", "A")) & (lines["quantity"] > 0) & (lines["price"] > 0)
    return lines[ours]


@pytest.fixture(scope="module")
def last_year(sold) -> pd.DataFrame:
    return within(sold, *LAST_YEAR)


def within(lines: pd.DataFrame, first: str, end: str) -> pd.DataFrame:
    return lines[(lines["at"] >= first) & (lines["at"] < end)]


def table(connection: Connection, sql: str) -> pd.DataFrame:
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


def thousandths(values: pd.Series) -> list[int]:
    return [int(value * 1000) for value in values]


@pytest.fixture(scope="module")
def products(mart) -> pd.DataFrame:
    return table(mart, "select * from mart.product_performance order by stock_code").set_index("stock_code")


def test_popularity_is_that_of_pandas(products, sold, last_year):
    for lines, end in ((sold, ""), (last_year, "_last_12_months")):
        by = lines.groupby("stock_code")
        wanted = pd.DataFrame(
            {
                "goods_sold": by["amount"].sum(),
                "units_sold": by["quantity"].sum(),
                "orders": by["invoice_no"].nunique(),
                "customers": by["customer_id"].nunique(),
            }
        ).reindex(products.index, fill_value=0)
        assert thousandths(products[f"goods_sold{end}"]) == list(wanted["goods_sold"])
        for column in ("units_sold", "orders", "customers"):
            assert list(products[f"{column}{end}"]) == list(wanted[column]), column
    assert len(products) == sold["stock_code"].nunique() == 4_722


def test_classes_are_those_of_pandas(products, last_year):
    goods = last_year.groupby("stock_code")["amount"].sum().sort_index().sort_values(ascending=False, kind="stable")
    share = goods.cumsum() / goods.sum()
    wanted = pd.Series(np.select([share <= 0.8, share <= 0.95], ["A", "B"], "C"), index=goods.index)
    assert list(products["abc_class"]) == list(wanted.reindex(products.index, fill_value="Not sold"))
    assert dict(wanted.value_counts()) == {"A": 824, "B": 962, "C": 2_008}


def test_risers_and_fallers_are_those_of_pandas(products, sold):
    quarters = {
        "goods_sold_last_quarter": ("2011-09-01", "2011-12-01"),
        "goods_sold_quarter_before": ("2011-06-01", "2011-09-01"),
        "goods_sold_quarter_last_year": ("2010-09-01", "2010-12-01"),
    }
    wanted = {}
    for column, months in quarters.items():
        goods = within(sold, *months).groupby("stock_code")["amount"].sum()
        wanted[column] = goods.reindex(products.index, fill_value=0)
        assert thousandths(products[column]) == list(wanted[column]), column
    last, before, year = wanted.values()
    assert thousandths(products["change_on_quarter"]) == list(last - before)
    assert thousandths(products["change_on_year"]) == list(last - year)


def test_prices_are_those_of_pandas(products, sold):
    by = sold.groupby("stock_code")["price"]
    assert list(products["price_points"]) == list(by.nunique())
    assert thousandths(products["lowest_price"]) == list(by.min())
    assert thousandths(products["highest_price"]) == list(by.max())
    at = [sold["stock_code"], sold["at"].dt.to_period("M").rename("month"), sold["price"]]
    each = sold.groupby(at).agg(lines=("price", "size"), units=("quantity", "sum")).reset_index()
    each = each.sort_values(
        ["stock_code", "month", "lines", "units", "price"], ascending=[True, True, False, False, True]
    )
    usual = each.drop_duplicates(["stock_code", "month"])
    changes = usual.groupby("stock_code")["price"].apply(lambda prices: int((prices.diff().fillna(0) != 0).sum()))
    assert list(products["price_changes"]) == list(changes)
    assert thousandths(products["usual_price"]) == list(usual.groupby("stock_code")["price"].last())


def test_the_segment_index_is_that_of_pandas(mart, sold):
    segments = table(mart, "select customer_id, segment from mart.rfm_customer").set_index("customer_id")["segment"]
    known = sold.dropna(subset="customer_id")
    known = known.assign(segment=known["customer_id"].map(segments).fillna("Not scored"))
    wanted = known.groupby(["segment", "stock_code"]).agg(goods=("amount", "sum"), customers=("customer_id", "nunique"))
    of_segment = wanted["goods"] / wanted["goods"].groupby("segment").transform("sum")
    of_all = known.groupby("stock_code")["amount"].sum() / known["amount"].sum()
    index = (of_segment / of_all.reindex(wanted.index, level="stock_code")).where(wanted["customers"] >= 20)
    found = table(mart, "select * from mart.segment_index").set_index(["segment", "stock_code"]).reindex(wanted.index)
    assert list(found["customers"]) == list(wanted["customers"])
    assert thousandths(found["goods_sold"]) == list(wanted["goods"])
    np.testing.assert_allclose(found["segment_index"].astype(float), index, rtol=1e-9)
    assert index.notna().sum() > 5_000


def test_return_rates_are_those_of_pandas(mart, products, lines):
    """Of a product, what was cancelled, without orders that were cancelled as a whole within seven days."""
    back = within(lines[lines["invoice_no"].str.startswith("C")], *LAST_YEAR)
    withdrawn = table(
        mart,
        "select stock_code, sum(goods_withdrawn) as goods from rollup.withdrawal"
        " where month between '2010-12-01' and '2011-11-01' group by 1",
    ).set_index("stock_code")["goods"]
    gone = pd.Series(thousandths(withdrawn), index=withdrawn.index).reindex(products.index, fill_value=0)
    wanted = -back.groupby("stock_code")["amount"].sum().reindex(products.index, fill_value=0) - gone
    assert thousandths(products["goods_returned_last_12_months"]) == list(wanted)
    sold = products["goods_sold_last_12_months"]
    rate = (wanted / 1000 / sold.where(sold > 0).astype(float)).to_numpy()
    np.testing.assert_allclose(products["return_rate"].astype(float), rate, rtol=1e-9)


def test_services_are_those_of_pandas(mart, once):
    services = once[once["stock_code"].str.fullmatch(SERVICES)]
    wanted = services.groupby("stock_code")["amount"].sum()
    found = table(mart, "select stock_code, sum(service_sales) as sales from mart.service_month group by 1 order by 1")
    assert list(found["stock_code"]) == list(wanted.index)
    assert thousandths(found["sales"]) == list(wanted)


MEASURES = ["orders_together", "support", "confidence", "lift", "cosine"]


def measured(together: pd.Series, orders: pd.Series, total: int) -> pd.DataFrame:
    """The measures of pairs, given the orders with both by pair, and those with each product."""
    one, other = (orders.reindex(together.index.get_level_values(level)).to_numpy(float) for level in (0, 1))
    both = together.to_numpy(float)
    values = [both, both / total, both / one, both * total / (one * other), both / np.sqrt(one * other)]
    return pd.DataFrame(dict(zip(MEASURES, values, strict=True)), index=together.index)


@pytest.fixture(scope="module")
def baskets(sold) -> pd.DataFrame:
    return sold.drop_duplicates(["invoice_no", "stock_code"])


@pytest.mark.parametrize("code", ["85123A", "22423", "20725", "21107"])
def test_the_partners_of_a_product_are_those_of_pandas(code, mart, baskets):
    orders = baskets["stock_code"].value_counts()
    beside = baskets[baskets["invoice_no"].isin(baskets.loc[baskets["stock_code"] == code, "invoice_no"])]
    together = beside["stock_code"].value_counts().drop(code).sort_index()
    together = together[together >= 30]
    together.index = pd.MultiIndex.from_product([[code], together.index], names=["stock_code", "partner_code"])
    wanted = measured(together, orders, baskets["invoice_no"].nunique())
    found = table(mart, f"select * from mart.basket_partner where stock_code = '{code}'")
    found = found.set_index(["stock_code", "partner_code"]).sort_index()
    assert list(found.index) == list(wanted.index)
    np.testing.assert_allclose(found[MEASURES].astype(float), wanted, rtol=1e-9)
    assert len(found) > 100


def test_the_pairs_of_best_sellers_are_those_of_pandas(mart, baskets, products):
    year = within(baskets, *LAST_YEAR)
    best = products.reset_index().sort_values(["orders_last_12_months", "stock_code"], ascending=[False, True])
    codes = list(best["stock_code"][:200])
    some = year[year["stock_code"].isin(codes)]
    matrix = pd.crosstab(some["invoice_no"], some["stock_code"]).astype("float32")
    both = (matrix.T @ matrix).rename_axis("partner_code", axis=1).stack().astype(int)
    codes_of = [both.index.get_level_values(level) for level in (0, 1)]
    both = both[(both >= 30) & (codes_of[0] != codes_of[1])]
    pairs = measured(both, year["stock_code"].value_counts(), year["invoice_no"].nunique())
    place = pairs["cosine"].groupby("stock_code").rank(method="first", ascending=False)
    ten = {frozenset(pair) for pair in pairs.index[place <= 10]}
    found = table(mart, "select * from mart.product_pair").set_index(["stock_code", "partner_code"])
    assert {frozenset(pair) for pair in found.index} == ten
    assert set(found["month"].astype(str)) == {"2011-11-01"}
    np.testing.assert_allclose(found[MEASURES].astype(float), pairs.loc[found.index], rtol=1e-9)


def test_one_product_is_asked_through_indexes(mart):
    """A filter on the product reaches its lines; and the first rows of all do not wait for the last."""
    asked = "explain select * from mart.basket_partner {} order by popularity_rank, cosine desc limit 50"
    for where in ("where product = 'PARTY BUNTING'", ""):
        plan = "\n".join(table(mart, asked.format(where))["QUERY PLAN"])
        assert "Seq Scan on line" not in plan
        assert "Incremental Sort" in plan
