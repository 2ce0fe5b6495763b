"""The guard of metric expressions: it judges the tree, whatever the way of writing."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest
import sqlglot

from bootstrap.errors import SpecError
from bootstrap.project import current
from bootstrap.semantic.expression import _is_aggregate, missing, problem
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.spec import Column, Metric
from tests.semantic.test_loader import edit, refusal

COLUMNS = {
    name: Column(name=name, label=name, description=name, additive=additive, within=within)
    for name, additive, within in (
        ("month", True, ()),
        ("sales", True, ()),
        ("units", True, ()),
        ("country", True, ()),
        ("is_new", True, ()),
        ("recency", False, ()),
        ("active", True, ("month",)),
        ("deep", True, ("month", "country")),
    )
}
GUARD = "min(month) = max(month)"


def wrong(expression: str, *, additive: bool = False) -> str:
    metric = Metric(
        name="m",
        label="M",
        expression=expression,
        format="d",
        unit="pieces",
        description="What it is.",
        owner="Analytics",
        additive=additive,
        path=Path("metrics.yml"),
        line=1,
    )
    return problem(metric, COLUMNS) or missing(metric, COLUMNS)


@pytest.mark.parametrize(
    "expression",
    [
        "sum(sales)::numeric / nullif(sum(units), 0)",
        "cast(sum(sales) as numeric(18, 3))",
        "sum(sales) filter (where country ilike 'uni%')",
        "count(*) filter (where extract(year from month) = 2011)",
        "sum(sales) filter (where country = any(array['France', 'Spain']))",
        'max(country collate "C")',
        'min(country) collate "C"',
        "sum(sales) filter (where month >= date_trunc('month', now()) - interval '1 month')",
        "percentile_cont(0.5) within group (order by sales)",
        "mode() within group (order by country)",
        "string_agg(country, ', ' order by country)",
        "bool_or(is_new) and every(units > 0)",
        "avg(recency)",
        "SUM(SALES)",
        "sum(case when recency > 30 then sales end)",
        "sum((recency > 30)::integer)",
        "sum(sales) filter (where recency between 1 and 30)",
        f"case when {GUARD} then sum(active) end",
        "CASE WHEN MAX(month) = MIN(month) THEN SUM(active) END",
        f"case when ({GUARD}) and count(*) > 3 then round(sum(sales) / nullif(sum(active), 0), 2) end",
        f"case when {GUARD} and min(country) = max(country) then sum(deep) end",
    ],
)
def test_what_means_something_is_taken(expression):
    assert wrong(expression) == ""


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("medain(sales) / nullif(sum(units), 0)", '"medain" is not an aggregate. Did you mean "median"'),
        ("sales", '"sales" outside of an aggregate'),
        ("sum(sales) / units", '"units" outside of an aggregate'),
        ("round(sales)", '"sales" outside of an aggregate'),
        ("1 + 1", "is not an aggregate"),
        ("sum(sales) over (order by sum(sales))", "a window function"),
        ("(select sum(sales) from mart.kpi)", "a subquery"),
        ("sum(sales) -- all of them", "a comment"),
        ("sum(sales", "is not SQL"),
        ("sum(sales) as total", "an expression alone is needed"),
        ("sum(sales) from mart.kpi", "an expression alone is needed"),
        ("sum(sales), sum(units)", "one expression is needed"),
        ("sum(sales); drop schema mart", "one expression is needed"),
        ("sum(kpi.sales)", 'Name the column alone: "sales"'),
        ("sum(salse)", "salse"),
        ("sum(\"Sales\")", "Sales"),
    ],
)  # fmt: skip
def test_what_is_no_aggregate_of_columns_is_refused(expression, says):
    assert says in wrong(expression)


DRESSES = [
    "sum({})",
    "SUM({})",
    "Sum( {} )",
    "sum({} + 0)",
    "sum(0 + {} * 1)",
    "sum(-(-{}))",
    "sum(distinct {})",
    "sum(coalesce({}, 0))",
    "sum(nullif({}, 0))",
    "sum(greatest({}, 0))",
    "sum({}::numeric)",
    "sum(cast({} as numeric))",
    "sum(case when is_new then {} end)",
    "sum(case when is_new then 0 else {} end)",
    "sum(case country when 'France' then {} end)",
    'sum("{}")',
    "sum({}) filter (where is_new)",
    "coalesce(sum(sales) + sum({}), 0)",
    "sum(({}))",
    "round(sum(abs({})))",
]


@pytest.mark.parametrize("dress", DRESSES)
def test_what_has_no_sum_is_not_summed_however_it_is_dressed(dress):
    assert 'sums "recency", whose sum over rows means nothing' in wrong(dress.format("recency"))
    assert 'sums "active", which means something only within one "month"' in wrong(dress.format("active"))


@pytest.mark.parametrize(
    "expression",
    [
        "case when true or min(month) = max(month) then sum(active) end",
        "case when min(month) <> max(month) then sum(active) end",
        "case when not min(month) = max(month) then sum(active) end",
        "case when min(month) = max(month) then 0 else sum(active) end",
        "case when min(month) = max(month) then 0 when count(*) > 1 then sum(active) end",
        "case when min(country) = max(country) then sum(active) end",
        "case when min(month) = min(month) then sum(active) end",
        "case when min(month) filter (where is_new) = max(month) then sum(active) end",
        "case when 'min(month) = max(month)' = 'x' then 0 else sum(active) end",
        "case when min(month) = max(month) then 1 end + sum(active)",
        "case when min(month) = max(month) then sum(deep) end",
    ],
)
def test_a_guard_is_a_condition_and_not_words(expression):
    assert "means something only within one" in wrong(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "sum(sales)",
        "count(*)",
        "sum(sales) - 2 * sum(units)",
        "sum(sales) / 100.0",
        "coalesce(sum(sales) filter (where is_new), 0)",
        "count(*) filter (where is_new)::integer",
        "-(sum(sales))",
    ],
)
def test_a_sum_may_be_added_up(expression):
    assert wrong(expression, additive=True) == ""


@pytest.mark.parametrize(
    "expression",
    [
        "sum(sales) / nullif(sum(units), 0)",
        "sum(sales) * sum(units)",
        "sum(sales) + 1",
        "avg(sales)",
        "count(distinct country)",
        "sum(distinct sales)",
        "min(sales)",
        "max(sales) - min(sales)",
        "coalesce(sum(sales), 1)",
        "round(avg(sales), 2)",
        "percentile_cont(0.5) within group (order by sales)",
        f"case when {GUARD} then sum(active) end",
    ],
)
def test_what_cannot_be_added_up_must_say_so(expression):
    assert wrong(expression) == ""
    assert "Say additive: false" in wrong(expression, additive=True)


def test_the_expression_and_the_list_that_has_it_are_named(views):
    defined = edit(
        views / "metrics.yml", "expression: sum(cancelled_value)", "expression: sum(cancelled_value) -- money"
    )
    both = "  - cancelled_value\n  - goods_cancelled_last_12_months\n"
    listed = edit(views / "mart/customer_month.yml", both, both)
    error = refusal(views)
    assert (error.path, error.line, error.field) == (views / "metrics.yml", defined, "cancelled_value.expression")
    assert f"{views / 'mart/customer_month.yml'}:{listed} lists it" in str(error)


def test_a_missing_column_names_both_places_too(views):
    defined = edit(views / "metrics.yml", "expression: sum(units)", "expression: sum(unist)")
    error = refusal(views)
    assert error.path.parent == views / "mart"
    assert 'needs a column "unist", which is not here. Did you mean "units"?' in str(error)
    assert f"Its expression is at {views / 'metrics.yml'}:{defined}" in str(error)


def test_every_aggregate_of_the_server_is_known(database):
    """A window function such as rank() is none, though the server can also use it as one."""
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select distinct proname, aggkind, pronargs from pg_proc inner join pg_aggregate on oid = aggfnoid::oid"
            " where pronamespace = 'pg_catalog'::regnamespace and aggkind <> 'h' and proname !~ '^(float|pg)_'"
        )
        aggregates = cursor.fetchall()
    assert len(aggregates) > 50
    unknown = set()
    for name, kind, arguments in aggregates:
        call = f"{name}({', '.join(['sales'] * arguments) or '*'})"
        call = f"{name}(0.5) within group (order by sales)" if kind == "o" else call
        (tree,) = sqlglot.parse_one(f"select {call}", read="postgres").expressions
        if not _is_aggregate(tree):
            unknown.add(name)
    assert unknown == set()


@pytest.fixture
def views(tmp_path) -> Path:
    return Path(shutil.copytree(current().views, tmp_path / "views"))


def test_a_metric_is_not_certified_unless_it_says_so(views):
    edit(views / "metrics.yml", "  certified: true\n", "")
    assert load_layer(views).metrics["sales"].certified is False


def test_an_unknown_field_of_references_is_named(views):
    line = edit(views / "mart/sales_month.yml", "mart.monthly_metrics.month", "mart.monthly_metric.month")
    error = refusal(views)
    assert isinstance(error, SpecError)
    assert (error.path, error.line) == (views / "mart/sales_month.yml", line)
    assert 'Did you mean "mart.monthly_metrics"?' in str(error)


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("{mnth: mart.monthly_metrics.month}", '"mnth" is not a column of mart.kpi. Did you mean "month"?'),
        ("{month: mart.kpi.month}", '"month" is not the key of mart.kpi, which is month, kpi.'),
        ("{month: rollup.month.month}", '"rollup.month" is not a relation of mart.'),
    ],
)
def test_a_reference_is_to_the_key_of_a_relation_of_mart(views, new, says):
    edit(views / "mart/kpi.yml", "{month: mart.monthly_metrics.month}", new)
    assert says in str(refusal(views))
