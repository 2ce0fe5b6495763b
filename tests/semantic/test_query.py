"""A question has the answer that each relation gives, or is refused. Each trap has a test of its name."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg2.extensions import connection as Connection

from bootstrap.errors import UsageError
from bootstrap.semantic.expression import guards
from bootstrap.semantic.query import WHOLE, Answer, Question, answer, row_counts
from bootstrap.semantic.spec import Layer

Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def planned(shop_connection: Connection, layer: Layer) -> Callable[..., Answer]:
    with shop_connection, shop_connection.cursor() as cursor:
        sizes = row_counts(cursor)
    return lambda *metrics, **how: answer(layer, Question(metrics, **how), sizes)


@pytest.fixture
def ask(shop_connection: Connection, planned: Callable[..., Answer]) -> Ask:
    def run(*metrics: str, **how: Any) -> list[dict[str, Any]]:
        with shop_connection, shop_connection.cursor() as cursor:
            cursor.execute(planned(*metrics, **how).sql)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return run


def test_each_number_is_that_of_each_relation_that_covers_all_lines(shop_connection, layer, ask):
    """In all, by month and by each dimension that charts slice by: so it is the number of each chart."""
    compared = 0
    for twin in layer.twins:
        dimensions = [name for name in ("month", "country", "segment_before_month") if name in twin.labels]
        for metric in (layer.metrics[name] for name in twin.metrics if not twin.covers):
            for by in [[], *([name] for name in dimensions), dimensions]:
                if set(guards(metric.expression)) <= {*by}:
                    names = ", ".join(by)
                    tail = f" group by {names} order by {names}" if by else ""
                    with shop_connection, shop_connection.cursor() as cursor:
                        cursor.execute(
                            f"select {', '.join([*by, metric.expression])} from {twin.relation}{tail}",
                        )
                        held = {row[:-1]: row[-1] or 0 for row in cursor.fetchall()}
                    found = {tuple(row[name] for name in by): row[metric.name] or 0 for row in ask(metric.name, by=by)}
                    assert {key: value for key, value in found.items() if value} == {
                        key: value for key, value in held.items() if value
                    }, (twin.relation, metric.name, by)
                    compared += 1
    assert compared > 300


def test_the_smallest_relation_is_asked(planned, layer, shop_connection):
    with shop_connection, shop_connection.cursor() as cursor:
        sizes = row_counts(cursor)
    able = [twin.relation for twin in layer.twins if "sales" in twin.metrics and "country" in twin.labels]
    stored = {name: sizes[name] for name in able if name in sizes}
    assert stored[planned("sales", by=["country"]).relation] == min(stored.values())
    assert planned("sales", by=["month"]).relation == "mart.monthly_metrics"


def test_the_fan_out_trap_a_joined_dimension_counts_no_row_twice(ask):
    regions = ask("sales", "orders", by=["country.region"])
    assert len(regions) > 1
    (whole,) = ask("sales", "orders")
    assert {name: sum(row[name] for row in regions) for name in whole} == whole


def test_the_double_counting_trap_customers_of_several_months_count_once(ask):
    (whole,) = ask("customers")
    assert sum(row["customers"] for row in ask("customers", by=["month"])) > whole["customers"]
    years = ask("customers", by=["year"])
    assert [row["customers"] for row in years] == [whole["customers"]]


def test_the_average_of_averages_trap_a_ratio_is_of_sums_in_any_slice(ask):
    months = ask("goods_per_order", by=["month"])
    values = [row["goods_per_order"] for row in months if row["goods_per_order"] is not None]
    (whole,), (parts,) = ask("goods_per_order"), ask("goods_bought", "orders")
    assert whole["goods_per_order"] == pytest.approx(parts["goods_bought"] / parts["orders"])
    assert whole["goods_per_order"] != pytest.approx(sum(values) / len(values))


def test_the_part_period_trap_a_period_says_whether_it_is_whole_and_is_not_compared_unless(ask):
    months = ask("sales", by=["month"], spans=["month_before"])
    assert {row[WHOLE] for row in months} == {True, False}
    before = None
    for row in months:
        is_alike = before is not None and row[WHOLE] and before[WHOLE]
        assert row["sales_month_before"] == (before["sales"] if is_alike else None)
        before = row
    assert not any(row[WHOLE] for row in ask("sales", by=["year"]))


def test_the_wrong_grain_trap_a_count_of_a_month_is_refused_for_a_year(planned, ask):
    with pytest.raises(UsageError, match="means something only within one month: add --by month"):
        planned("active_customers", by=["year"])
    (fixed,) = ask("active_customers", where=["month = '2011-01'"])
    assert fixed["active_customers"] == ask("active_customers", by=["month"])[0]["active_customers"]


def test_months_up_to_each_are_counted_afresh(ask):
    rows = ask("customers", "sales", by=["month"], spans=["year_to_date"])
    until = [ask("customers", "sales", where=[f"month <= '{row['month']}'"])[0] for row in rows]
    shown = [row for row in rows if row["sales_year_to_date"] is not None]
    assert len(shown) > 1
    for row, same in zip(rows, until, strict=True):
        if row in shown:
            assert (row["customers_year_to_date"], row["sales_year_to_date"]) == (same["customers"], same["sales"])


def test_a_slice_without_rows_in_a_month_keeps_what_it_had_before(ask):
    rows = ask("sales", by=["month", "customer"], spans=["year_to_date"])
    assert len(rows) == len({row["customer"] for row in rows}) * len({row["month"] for row in rows})
    assert any(row["sales"] is None and row["sales_year_to_date"] is not None for row in rows)


def test_conditions_of_several_hold_all_and_a_month_may_be_short(ask):
    some = ask(
        "sales", by=["month"], where=["month >= '2011-02'", "country in ('France', 'Germany') or country is null"]
    )
    every = ask("sales", by=["month", "country"])
    for row in some:
        parts = [
            one["sales"] for one in every if one["month"] == row["month"] and one["country"] in ("France", "Germany")
        ]
        assert row["sales"] == sum(parts)
    assert min(str(row["month"]) for row in some) >= "2011-02-01"


@pytest.mark.parametrize(
    ("metrics", "how", "says"),
    [
        (["salse"], {}, 'There is no metric "salse". Did you mean "sales"'),
        (["sales"], {"by": ["contry"]}, 'cannot be sliced by "contry". Did you mean "country"'),
        (["sales"], {"by": ["units"]}, "units is a measure"),
        (["sales"], {"where": ["units > 3"]}, "units is a measure"),
        (["sales"], {"where": ["country = (select 'France')"]}, "Compare dimensions with values"),
        (["sales"], {"where": ["lower(country) = 'france'"]}, "Compare dimensions with values"),
        (["sales"], {"where": ["country ="]}, "is not SQL"),
        (["sales"], {"where": ["'France'"]}, "compares nothing"),
        (["sales"], {"by": ["month"], "spans": ["week_before"]}, "Known are: month_before"),
        (["sales"], {"by": ["country"], "spans": ["month_before"]}, "Add --by month"),
        ([], {}, "No metric is named"),
    ],
)
def test_what_would_be_wrong_is_refused_with_the_reason(planned, metrics, how, says):
    with pytest.raises(UsageError) as refused:
        planned(*metrics, **how)
    assert says in str(refused.value)


def test_metrics_that_no_one_relation_has_are_asked_one_at_a_time(planned, layer):
    together = {frozenset(twin.metrics) for twin in layer.twins}
    names = sorted(layer.metrics)
    one, other = next(
        (one, other) for one in names for other in names if not any({one, other} <= held for held in together)
    )
    with pytest.raises(UsageError, match="No one relation has"):
        planned(one, other)


def test_a_relation_that_holds_a_part_of_the_lines_says_so(planned, layer):
    parts = [twin for twin in layer.twins if twin.covers and twin.schema_name == "mart"]
    only = {name for twin in parts for name in twin.metrics} - {
        name for twin in layer.twins if not twin.covers for name in twin.metrics
    }
    for name in sorted(only):
        if not guards(layer.metrics[name].expression):
            assert any("holds a part of the lines" in note for note in planned(name).notes)
