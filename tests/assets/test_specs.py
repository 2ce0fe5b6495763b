"""Specs are read strictly: what is wrong is named with file, line, field and the nearest valid name."""

from pathlib import Path

import pytest

from bootstrap.assets import load_specs
from bootstrap.errors import SpecError
from bootstrap.project import current
from bootstrap.semantic.spec import Layer

CHART = "charts/monthly_sales.yml"
DASHBOARD = "dashboards/sales_customers.yml"
WRONG = [
    (CHART, "metrics: [sales]", "metrics: [salse]", 'There is no metric on sales_month "salse". Did you mean "sales"?'),
    (
        CHART,
        "dataset: sales_month",
        "dataset: sale_month",
        'There is no dataset "sale_month". Did you mean',
    ),
    (CHART, "x: month", "x: mont", 'There is no column in sales_month "mont". Did you mean "month"?'),
    (CHART, "metrics: [sales]", "metrics: []", 'A chart of the kind bar needs "metrics": give one.'),
    (CHART, "x: month", "columns: [month]", 'A chart of the kind bar needs "x": give one.'),
    (CHART, "viz: bar", "viz: pie", 'A chart of the kind pie takes no "x". Remove what is too much.'),
    (CHART, "viz: bar", "viz: bubble", 'A chart of the kind bubble needs "metrics": give 3 of them.'),
    (CHART, "viz: bar", "viz: barr", "is needed here, and it is 'barr'"),
    (CHART, "viz: bar", "vis: bar\nviz: bar", '"vis" is not a field here. Did you mean "viz"?'),
    (CHART, "dataset: sales_month\n", "", 'the field "dataset" is missing'),
    (
        DASHBOARD,
        "{monthly_sales: 7",
        "{montly_sales: 7",
        'There is no chart "montly_sales". Did you mean',
    ),
    (DASHBOARD, "{monthly_sales: 7", "{monthly_sales: 9", "the widths add up to 14; a row has 12"),
    (DASHBOARD, "{key_figures: 12}", "{monthly_sales: 12}", 'The chart "monthly_sales" stands here twice.'),
    (DASHBOARD, "access: [Marketing", "access: [Marketeer", 'There is no role "Marketeer". Did you mean "Marketing"?'),
    (
        DASHBOARD,
        "css: dashboard.css",
        "css: dashbord.css",
        'There is no template "dashbord.css". Did you mean "dashboard.css"?',
    ),
    (DASHBOARD, "column: segment,", "column: segments,", 'There is no column in sales_month "segments".'),
    (
        "charts/key_figures.yml",
        "metrics: [sales_without_overlap,",
        "metrics: [new_customers,",
        '"new_customers" is not comparable from month to month',
    ),
    (CHART, "answers: [", "answers: [slaes, ", 'There is no question "slaes". Did you mean "sales"?'),
    ("charts/sales_growth.yml", "{show_legend: false}", "{cumsum: true}", '"kpi_change_on_month" cannot be added up'),
    (CHART, "params: {stack: Stack,", "params: {metrics: [units],", "Name metrics under metrics: or more_metrics:."),
    ("access.yml", "  marketing: {roles", "  a=b: {roles", "text of the form ^[a-z0-9_.@+-]+$ is needed"),
    ("access.yml", "  marketing: {roles", "  Marketing: {roles", "text of the form ^[a-z0-9_.@+-]+$ is needed"),
    ("access.yml", "roles: [Analyst]", "roles: [Analist]", 'There is no role "Analist". Did you mean "Analyst"?'),
]


def test_the_specs_in_the_repository_are_right(layer: Layer) -> None:
    specs = load_specs(current().superset, layer)
    shown = {name for dashboard in specs.dashboards.values() for name in dashboard.charts}
    assert shown == set(specs.charts), "every chart stands on a dashboard"


@pytest.mark.parametrize(("file", "right", "wrong", "message"), WRONG)
def test_a_wrong_spec_is_named(specs: Path, layer: Layer, file: str, right: str, wrong: str, message: str) -> None:
    text = (specs / file).read_text()
    assert right in text
    (specs / file).write_text(text.replace(right, wrong, 1))
    with pytest.raises(SpecError) as caught:
        load_specs(specs, layer)
    assert message in str(caught.value)
    assert caught.value.path == specs / file
    assert caught.value.line


def test_a_broken_file_is_named_with_its_line(specs: Path, layer: Layer) -> None:
    (specs / CHART).write_text("title: [unclosed\nviz: bar\n")
    with pytest.raises(SpecError, match=r"monthly_sales\.yml:\d"):
        load_specs(specs, layer)


def test_metrics_drawn_side_by_side_have_colours_of_their_own(layer: Layer) -> None:
    """Else a metric takes the colour of another as soon as a filter leaves one of them empty."""
    specs = load_specs(current().superset, layer)
    drawn = [chart for chart in specs.charts.values() if chart.viz in ("bar", "line") and not chart.by]
    side_by_side = {metric for chart in drawn if len(chart.metrics) > 1 for metric in chart.metrics}
    assert side_by_side
    assert side_by_side <= specs.brand.labels.keys()
