"""The demo shop has the real shop's shape: its main ratios lie within stated bounds of the real data's."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from warehouse.demo import write_demo

pytestmark = pytest.mark.realdata
NAMES = ["invoice", "code", "description", "quantity", "at", "price", "customer", "country"]
LINES = 200_000


class Sample:
    """Lines of a shop, with the subsets that the ratios are made of."""

    def __init__(self, lines: pd.DataFrame) -> None:
        self.lines = lines.assign(
            at=pd.to_datetime(lines["at"]),
            amount=lines["quantity"] * lines["price"],
            is_cancelled=lines["invoice"].str.startswith("C"),
            is_product=lines["code"].str.match(r"\d{5}"),
        )
        self.lines["month"] = self.lines["at"].dt.to_period("M")
        known = self.lines["customer"].notna()
        bought = ~self.lines["is_cancelled"] & (self.lines["quantity"] > 0) & (self.lines["price"] > 0)
        self.known, self.orders = self.lines[known], self.lines[known & bought]
        self.goods = self.lines[bought & self.lines["is_product"]]
        self.orders_each = self.orders.groupby("customer")["invoice"].nunique()


@pytest.fixture(scope="module")
def real(real_csv: Path) -> Sample:
    kinds = {"Invoice": str, "StockCode": str, "Customer ID": str}
    return Sample(pd.read_csv(real_csv, dtype=kinds).set_axis(NAMES, axis=1))


@pytest.fixture(scope="module", params=[1, 2])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    path = tmp_path_factory.mktemp("demo") / "shop.sql"
    write_demo(path, lines=LINES, seed=request.param)
    return read(path)


def read(path: Path) -> Sample:
    text = path.read_text().splitlines()
    first = next(number for number, line in enumerate(text) if line.endswith("FROM stdin;")) + 1
    rows = [line.split("\t") for line in text[first : text.index("\\.")]]
    lines = pd.DataFrame(rows, columns=NAMES).replace("\\N", None)
    return Sample(lines.astype({"quantity": int, "price": float}))


def gini(values: pd.Series) -> float:
    ordered = np.sort(values.to_numpy())
    ranks = 2 * np.arange(1, len(ordered) + 1) - len(ordered) - 1
    return float((ranks * ordered).sum() / (len(ordered) * ordered.sum()))


def monthly(sample: Sample, column: str, how: str) -> pd.Series:
    return sample.known.groupby("month")[column].agg(how)


# Ratio of the demo's value to the real one's: at least, at most.
RATIOS: dict[str, tuple[Callable[[Sample], float], float, float]] = {
    "lines per invoice": (lambda s: len(s.lines) / s.lines["invoice"].nunique(), 0.9, 1.1),
    "median lines per order": (lambda s: s.orders.groupby("invoice").size().median(), 0.8, 1.2),
    "orders per customer and month": (
        lambda s: s.orders.groupby(["customer", "month"])["invoice"].nunique().mean(), 0.9, 1.1,
    ),
    "months in which a customer buys": (lambda s: s.orders.groupby("customer")["month"].nunique().mean(), 0.85, 1.15),
    "orders per customer": (lambda s: s.orders_each.mean(), 0.85, 1.15),
    "orders of the busiest hundredth": (lambda s: s.orders_each.quantile(0.99), 0.7, 1.4),
    "share of customers who come back": (lambda s: (s.orders_each > 1).mean(), 0.9, 1.1),
    "customers per line": (lambda s: s.known["customer"].nunique() / len(s.lines), 0.85, 1.15),
    "customers per month and line": (lambda s: monthly(s, "customer", "nunique").mean() / len(s.lines), 0.85, 1.15),
    "share of lines of guests": (lambda s: 1 - len(s.known) / len(s.lines), 0.85, 1.15),
    "share of invoices that cancel": (
        lambda s: s.lines[s.lines["is_cancelled"]]["invoice"].nunique() / s.lines["invoice"].nunique(), 0.85, 1.15,
    ),
    "share of lines that cancel": (lambda s: s.lines["is_cancelled"].mean(), 0.8, 1.2),
    "share of lines at price 0": (lambda s: (s.lines["price"] == 0).mean(), 0.8, 1.25),
    "share of lines without a description": (lambda s: s.lines["description"].isna().mean(), 0.75, 1.3),
    "share of lines of the United Kingdom": (lambda s: (s.lines["country"] == "United Kingdom").mean(), 0.95, 1.05),
    "countries": (lambda s: s.lines["country"].nunique(), 0.9, 1.05),
    "share of lines that are no product": (lambda s: 1 - s.lines["is_product"].mean(), 0.8, 1.25),
    "share of exact repeats": (lambda s: s.lines.duplicated().mean(), 0.7, 1.6),
    "share of descriptions that end in a blank": (lambda s: s.lines["description"].str.endswith(" ").mean(), 0.7, 1.3),
    "median quantity": (lambda s: s.goods["quantity"].median(), 0.7, 1.35),
    "mean quantity": (lambda s: s.goods["quantity"].mean(), 0.75, 1.3),
    "median price": (lambda s: s.goods["price"].median(), 0.8, 1.2),
    "mean price": (lambda s: s.goods["price"].mean(), 0.8, 1.25),
    "price that one line in a hundred exceeds": (lambda s: s.goods["price"].quantile(0.99), 0.6, 2.0),
    "mean value of an order": (lambda s: s.orders["amount"].sum() / s.orders["invoice"].nunique(), 0.75, 1.3),
    "guests' share of sales": (
        lambda s: s.lines[s.lines["customer"].isna()]["amount"].sum() / s.lines["amount"].sum(), 0.6, 1.3,
    ),
    "gini of what customers spend": (lambda s: gini(s.orders.groupby("customer")["amount"].sum()), 0.9, 1.1),
    "sales of the best month over the mean": (
        lambda s: s.lines.groupby("month")["amount"].sum().pipe(lambda months: months.max() / months.mean()), 0.8, 1.35,
    ),
    "share of lines on Sundays": (lambda s: (s.lines["at"].dt.dayofweek == 6).mean(), 0.85, 1.2),
    "share of customers met in the first month": (
        lambda s: s.known.groupby("customer")["month"].min().eq(s.lines["month"].min()).mean(), 0.8, 1.35,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RATIOS)
def test_ratio_lies_near_the_real_one(demo: Sample, real: Sample, name: str) -> None:
    measure, least, most = RATIOS[name]
    ratio = measure(demo) / measure(real)
    assert least <= ratio <= most, f"{name}: demo {measure(demo):.4g}, real {measure(real):.4g}, ratio {ratio:.2f}"


def test_most_is_sold_in_november(demo: Sample, real: Sample) -> None:
    for sample in (demo, real):
        assert sample.lines.groupby("month")["amount"].sum().idxmax().month == 11


def test_next_to_nothing_is_sold_on_saturdays(demo: Sample, real: Sample) -> None:
    for sample in (demo, real):
        assert (sample.lines["at"].dt.dayofweek == 5).mean() < 0.001


def test_no_product_is_named_as_in_the_real_shop(demo: Sample, real: Sample) -> None:
    def named(sample: Sample) -> set[str]:
        return set(sample.goods["description"].dropna().str.strip().str.upper())

    assert len(named(demo)) > 1000
    assert named(demo) & named(real) == set()


def test_a_shop_of_ten_times_the_lines_has_ten_times_the_customers(tmp_path: Path, demo: Sample) -> None:
    path = tmp_path / "small.sql"
    write_demo(path, lines=LINES // 10, seed=1)
    small = read(path)
    assert demo.known["customer"].nunique() / small.known["customer"].nunique() == pytest.approx(10, rel=0.15)
    assert demo.orders_each.mean() == pytest.approx(small.orders_each.mean(), rel=0.2)
    assert 2 < demo.goods["code"].nunique() / small.goods["code"].nunique() < 5
