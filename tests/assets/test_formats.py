"""How numbers, dates and truth values read."""

import json

import pytest

from bootstrap.assets import charts, formats
from bootstrap.assets.charts import scores
from bootstrap.assets.spec import Chart
from bootstrap.semantic.spec import Column, Layer, Metric
from bootstrap.server.pages import filters, worded


def metric(**fields: object) -> Metric:
    common = {"name": "m", "label": "M", "expression": "sum(m)", "format": ",.2f", "unit": "GBP", "description": "d."}
    return Metric.model_validate({**common, "owner": "o", "path": "metrics.yml", "line": 1, **fields})


@pytest.mark.parametrize(
    ("given", "currency", "read"),
    [
        (",.2f", "GBP", "$,.2f"),
        ("+,.2f", "GBP", "+$,.2f"),
        (".3~s", "GBP", "$.3~s"),
        (",.2f", "EUR", ",.2f"),
        (".1%", None, ".1%"),
    ],
)
def test_the_sign_of_the_pound_is_part_of_the_number(given: str, currency: str | None, read: str) -> None:
    money = metric(format=given, currency=currency)
    assert formats.number(money) == read
    assert bool(formats.currency(money)) == (currency == "EUR")


def test_a_column_without_a_format_has_none() -> None:
    assert formats.number(Column(name="c", label="C", description="d.")) is None


def test_axes_have_titles_in_words(layer: Layer) -> None:
    bars = Chart(name="c", title="t", viz="bar", dataset="sales_month", metrics=("sales",), x="country")
    native = charts.params(bars, layer)
    assert (native["x_axis_title"], native["y_axis_title"], native["y_axis_format"]) == ("Country", "Sales", "$,.0f")
    both = bars.model_copy(update={"x": "month", "metrics": ("sales", "cancelled_value")})
    native = charts.params(both, layer)
    assert (native["x_axis_title"], native["y_axis_title"]) == ("", "Pounds")


def test_a_truth_value_reads_yes_or_no_under_its_label(layer: Layer) -> None:
    table = Chart(name="c", title="t", viz="table", dataset="sales_month", columns=("month", "is_complete_month"))
    column = charts.params(table, layer)["all_columns"][1]
    assert column["label"] == layer.twin("sales_month").labels["is_complete_month"]
    assert "'Yes'" in column["sqlExpression"]
    assert column in json.loads(charts.query_context(table, layer))["queries"][0]["columns"]


def test_no_total_is_drawn_of_what_cannot_be_added_up(layer: Layer) -> None:
    bars = Chart(name="c", title="t", viz="bar", dataset="sales_month", metrics=("sales",), x="month", by=("segment",))
    assert charts.params(bars, layer)["showTooltipTotal"]
    rate = bars.model_copy(update={"metrics": ("cancellation_rate",)})
    assert not charts.params(rate, layer)["showTooltipTotal"]


def test_a_rise_is_good_or_bad_as_the_metric_says() -> None:
    up, down = (scores([metric(better=better)]) for better in ("up", "down"))
    assert up.index("lgs-good") < up.index("▲") < up.index("lgs-bad") < up.index("▼")
    assert down.index("lgs-bad") < down.index("▲") < down.index("lgs-good") < down.index("▼")


def test_single_rows_read_in_words() -> None:
    rows = [
        {"month": 1259625600000.0, "at": 1259625600001.0, "is_new": True, "sales": 1},
        {"month": None, "at": 1259625600000.0, "is_new": None, "sales": 2},
    ]
    result = {"colnames": ["month", "at", "is_new", "sales"], "coltypes": [2, 2, 3, 0], "data": rows, "rowcount": 2}
    labels = {"month": "Month", "is_new": "New"}
    assert worded(result, labels) == {
        "colnames": ["Month", "at", "New", "sales"],
        "coltypes": [1, 2, 1, 0],
        "data": [
            {"Month": "2009-12-01", "at": 1259625600001.0, "New": "Yes", "sales": 1},
            {"Month": None, "at": 1259625600000.0, "New": None, "sales": 2},
        ],
        "rowcount": 2,
    }
    two_of_one_name = worded(result, {"month": "sales"})
    assert two_of_one_name["colnames"] == result["colnames"]


def test_a_file_is_named_after_the_filters_in_few_words() -> None:
    acted = [
        {"col": "segment", "op": "IN", "val": ["At Risk"]},
        {"col": "country", "op": "IN", "val": ["France", "Germany", "Italy", "Spain"]},
        {"col": "month", "op": "IN", "val": [1320105600000]},
        {"col": "complete_month_number", "op": "<=", "val": 3},
    ]
    assert list(filters(acted)) == ["At Risk", "France Germany Italy and 1 more", "2011-11", "last 3 months"]
