"""One metric, one number: whichever relation it is asked of, and however it is sliced."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from bootstrap.semantic.comments import listed_on
from bootstrap.semantic.spec import Layer, Metric, Twin

ON_PAPER = yaml.safe_load(Path(__file__).with_name("metrics_on_paper.yml").read_text(encoding="utf-8"))
SCORED = {"rfm_customer", "rfm_segment", "rfm_grid"}


@pytest.fixture
def asked(shop_connection: Connection) -> Iterator[Cursor]:
    with shop_connection, shop_connection.cursor() as cursor:
        yield cursor


@pytest.fixture(scope="module")
def two_years(new_database_at, refresh) -> Iterator[Cursor]:
    with shop_of("two_years", new_database_at, refresh) as cursor:
        yield cursor


@pytest.fixture(scope="module")
def half_a_year(new_database_at, refresh) -> Iterator[Cursor]:
    with shop_of("half_a_year", new_database_at, refresh) as cursor:
        yield cursor


@contextmanager
def shop_of(name, new_database_at, refresh) -> Iterator[Cursor]:
    """A cursor on the shop of that name, in a database of its own."""
    lines = [[cell.strip() for cell in line.split("|")] for line in ON_PAPER[name]["lines"].splitlines()]
    with new_database_at() as url, closing(psycopg2.connect(url)) as connection:
        refresh(connection, lines)
        with connection.cursor() as cursor:
            yield cursor


def figures(shop: str) -> list[tuple[str, dict[str, Any]]]:
    return [(name, figure) for name, counted in ON_PAPER[shop]["metrics"].items() for figure in counted]


def measured(cursor: Cursor, layer: Layer, name: str, figure: dict[str, Any]) -> float | None:
    twin = layer.twin(figure["relation"])
    assert name in twin.metrics
    cursor.execute(f"select {layer.metrics[name].expression} from {twin.relation} where {figure.get('where', 'true')}")
    (value,) = cursor.fetchone()
    return None if value is None else round(float(value), 9)


@pytest.mark.parametrize(("name", "figure"), figures("shop"))
def test_a_metric_is_what_was_counted_on_paper(asked, layer, name, figure):
    assert measured(asked, layer, name, figure) == figure["value"]


@pytest.mark.parametrize(("name", "figure"), figures("two_years"))
def test_a_metric_of_two_years_is_what_was_counted_on_paper(two_years, layer, name, figure):
    assert measured(two_years, layer, name, figure) == figure["value"]


@pytest.mark.parametrize(("name", "figure"), figures("half_a_year"))
def test_an_outcome_is_what_was_counted_on_paper(half_a_year, layer, name, figure):
    assert measured(half_a_year, layer, name, figure) == figure["value"]


def test_only_what_was_counted_on_paper_is_certified(layer):
    """A figure of zero or nothing is no proof: a wrong expression gives it too."""
    proved = {name for shop in ON_PAPER for name, figure in figures(shop) if figure["value"]}
    assert {metric.name for metric in layer.metrics.values() if metric.certified} - proved == set()


def shared_dimensions(one: Twin, other: Twin) -> list[str]:
    """Columns that mean the same on both, so that slicing by them must agree."""
    return [c.name for c in one.columns if c in other.columns and c.role != "measure"]


def by(cursor: Cursor, twin: Twin, metric: Metric, dimension: str, where: str = "true") -> dict[Any, Any]:
    cursor.execute(f"select {dimension}, {metric.expression} from {twin.relation} where {where} group by 1")
    return dict(cursor.fetchall())


def pairs(layer: Layer) -> list[tuple[Metric, Twin, Twin]]:
    metrics = layer.metrics.values()
    return [(metric, one, other) for metric in metrics for one, other in combinations(listed_on(layer, metric.name), 2)]


def test_every_relation_gives_the_same_number(asked, layer):
    """On every value that both know. Some hold customers with a segment alone; the others are asked for the same."""
    compared = 0
    for metric, one, other in pairs(layer):
        scored = "segment not in ('Guests', 'Not scored')" if {one.name, other.name} & SCORED else "true"
        for dimension in shared_dimensions(one, other):
            left, right = (by(asked, twin, metric, dimension, scored) for twin in (one, other))
            for value in left.keys() & right.keys():
                assert left[value] == right[value], (metric.name, one.relation, other.relation, dimension, value)
                compared += 1
    assert compared > 500


def test_relations_of_all_lines_agree_on_the_total(asked, layer):
    totals = {}
    for twin in [
        layer.twin(name) for name in ("monthly_metrics", "sales_month", "customer_month", "product_month", "sales_line")
    ]:
        asked.execute(f"select {layer.metrics['sales'].expression} from {twin.relation}")
        totals[twin.name] = asked.fetchone()
    assert set(totals.values()) == {(205,)}


def test_a_slice_by_slice_sum_of_an_additive_metric_is_its_total(asked, layer):
    for metric in (metric for metric in layer.metrics.values() if metric.additive):
        for twin in listed_on(layer, metric.name):
            asked.execute(f"select {metric.expression} from {twin.relation}")
            (total,) = asked.fetchone()
            for column in twin.columns:
                if column.role != "measure":
                    assert sum(value or 0 for value in by(asked, twin, metric, column.name).values()) == total, (
                        metric.name,
                        twin.relation,
                        column.name,
                    )


@pytest.mark.parametrize(
    "metric", ["active_customers", "existing_customers", "customers_with_orders", "goods_per_customer"]
)
@pytest.mark.parametrize("relation", ["sales_month", "customer_month"])
def test_a_distinct_count_over_several_months_is_empty_rather_than_wrong(asked, layer, metric, relation):
    expression = layer.metrics[metric].expression
    asked.execute(f"select {expression} from mart.{relation}")
    assert asked.fetchone() == (None,)
    asked.execute(f"select {expression} from mart.{relation} where month = '2011-02-01'")
    assert asked.fetchone()[0] > 0


def test_customers_of_the_whole_period_are_counted_afresh(asked, layer):
    asked.execute(f"select {layer.metrics['customers'].expression} from mart.customer_month")
    assert asked.fetchone() == (6,)


def test_a_product_count_over_several_products_is_empty_rather_than_wrong(asked, layer):
    expression = layer.metrics["product_orders"].expression
    asked.execute(f"select stock_code, {expression} from mart.product_month group by grouping sets ((stock_code), ())")
    assert sorted(asked.fetchall(), key=str) == [("11111", 6), ("22222", 5), ("B", 0), ("POST", 0), (None, None)]


def test_rates_are_made_of_sums(asked, layer):
    asked.execute(
        f"select {layer.metrics['cancellation_rate'].expression}, {layer.metrics['goods_per_order'].expression},"
        f" {layer.metrics['cancelled_share_of_goods'].expression} from mart.sales_month"
    )
    assert [round(float(value), 6) for value in asked.fetchone()] == [0.3, 25.5, round(45 / 255, 6)]


def test_a_metric_has_no_value_in_months_without_the_history_that_it_needs(two_years, layer):
    """January 2010 has no month before it, January 2011 has twelve."""
    metrics = [metric for metric in layer.metrics.values() if metric.history]
    assert metrics
    for metric in metrics:
        for twin in listed_on(layer, metric.name):
            two_years.execute(f"select month::text, {metric.expression} from {twin.relation} group by 1 order by 1")
            assert [value is None for _, value in two_years.fetchall()] == [True, True, False]
