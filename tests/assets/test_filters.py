"""The filters of a dashboard, which charts they and a click act on, and what a chart says that they pass by."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from bootstrap.assets import captions, clicks, layout, load_specs
from bootstrap.assets.assets import _dataset
from bootstrap.assets.spec import Chart, Dashboard, Filter, Row, Slice, Specs, Tab
from bootstrap.errors import SpecError
from bootstrap.project import current
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.spec import Layer

SEGMENT = Filter(name="Segment", column="segment", dataset="sales_month")
COUNTRY = Filter(name="Country", column="country", dataset="sales_month")
MONTHS = Filter(name="Months", kind="months", column="month", dataset="sales_month")
LAST = Filter(name="Last months", kind="last", column="months_ago", dataset="sales_month")
FILTERS = (MONTHS, LAST, SEGMENT, COUNTRY)
COLOUR = Slice(label="Month is", sql="case when is_complete_month then 'Complete' else 'Incomplete' end")


def chart(name: str, dataset: str = "sales_month", **fields: Any) -> Chart:
    return Chart(**{"name": name, "title": name, "viz": "bar", "dataset": dataset, **fields})


@pytest.fixture(scope="session")
def real(layer: Layer) -> Specs:
    return load_specs(current().superset, layer)


def shown(real: Specs, *charts: Chart, filters: tuple[Filter, ...] = FILTERS) -> tuple[Specs, Dashboard]:
    """A dashboard of these charts, on a layer where customers follow the filter of countries by their home."""
    home = {"country": "home_country"}
    stand_ins = {"rfm_customer": home}
    twins = [twin.model_copy(update={"filters": stand_ins.get(twin.name, {})}) for twin in real.layer.twins]
    row = Row(charts=dict.fromkeys((one.name for one in charts), 1))
    tabs = (Tab(name="all", rows=(row,)),)
    dashboard = Dashboard(name="d", title="D", slug="d", access=("Marketing",), tabs=tabs, filters=filters)
    layer = real.layer.model_copy(update={"twins": tuple(twins)})
    return real.model_copy(update={"layer": layer, "charts": {one.name: one for one in charts}}), dashboard


def native(real: Specs, *charts: Chart) -> dict[str, Any]:
    found = layout.metadata(*shown(real, *charts))["native_filter_configuration"]
    return {item["name"]: item for item in found}


def test_no_list_takes_a_value_that_does_not_exist(real: Specs) -> None:
    found = native(real, chart("months", x="month"))
    assert [found[name]["controlValues"]["creatable"] for name in ("Months", "Segment", "Country")] == [False] * 3


def test_months_are_listed_newest_first_and_several_may_be_chosen(real: Specs) -> None:
    found = native(real, chart("months", x="month"))["Months"]
    assert (found["filterType"], found["targets"][0]["column"]) == ("filter_select", {"name": "month"})
    assert (found["controlValues"]["sortAscending"], found["controlValues"]["multiSelect"]) == (False, True)


def test_the_last_months_are_one_number_that_is_typed(real: Specs) -> None:
    found = native(real, chart("months", x="month"))["Last months"]
    assert found["filterType"] == "filter_range"
    assert found["controlValues"]["enableSingleValue"] == 2
    assert found["controlValues"]["rangeDisplayMode"] == "input"


def test_one_filter_acts_on_a_column_of_another_name(real: Specs) -> None:
    lists = chart("customers", "rfm_customer", viz="table", columns=("customer_id",))
    found = native(real, lists, chart("months", x="month"))
    assert found["Country"]["scope"]["excluded"] == []
    assert found["Months"]["scope"]["excluded"] == [1001]


def test_the_dataset_has_the_column_that_stands_for_another(real: Specs) -> None:
    specs, _ = shown(real, chart("months", x="month"))
    twin = specs.layer.twin("rfm_customer")
    types = {(twin.relation, "home_country"): "TEXT"}
    columns = {column["column_name"]: column for column in _dataset(twin, specs, types).content["columns"]}
    stands_in = {key: columns["country"][key] for key in ("expression", "verbose_name", "type", "groupby")}
    assert stands_in == {"expression": "home_country", "verbose_name": "Country", "type": "TEXT", "groupby": False}


SAID = [
    (chart("follows", x="month"), ""),
    (chart("reads", x="month", reading="Pounds."), "Pounds."),
    (
        chart("year", reading="Growth.", ignores=("Months", "Last months"), period="the last 12 complete months"),
        "Growth. **Always the last 12 complete months.**",
    ),
    (chart("today", "rfm_customer"), "**Does not follow the filter Months.**"),
    (chart("deaf", ignores=("Segment", "Last months")), "**Does not follow the filters Last months and Segment.**"),
    (chart("shop", "coverage"), "**Whole shop: follows no filter.**"),
    (chart("kpi", "kpi", x="month", ignores=("Last months",)), "**Whole shop: follows the months alone.**"),
]


@pytest.mark.parametrize(("one", "said"), SAID, ids=lambda item: getattr(item, "name", ""))
def test_a_chart_says_by_itself_what_it_does_not_follow(real: Specs, one: Chart, said: str) -> None:
    assert captions.caption(*shown(real, one), one) == said


def test_a_longer_caption_has_more_room_and_its_chart_less(real: Specs) -> None:
    assert captions.height("short", width=12) < captions.height("long " * 100, width=6)


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ("{country: home_countrie}", '"home_countrie" is not a column of mart.rfm_customer'),
        ("{segment: home_country}", '"segment" is a column here already'),
        ("{countrie: home_country}", 'no relation has a column "countrie". Did you mean "countries"'),
    ],
)
def test_a_column_that_stands_for_another_is_checked(tmp_path: Path, filters: str, message: str) -> None:
    views = shutil.copytree(current().views, tmp_path / "views")
    path = views / "mart" / "rfm_customer.yml"
    kept = [line for line in path.read_text().splitlines() if not line.startswith("filters:")]
    path.write_text("\n".join(["filters: " + filters, *kept, ""]))
    with pytest.raises(SpecError, match=message):
        load_layer(views)


CLICKS = [
    (chart("pie", viz="pie", metrics=("sales",), by=("segment",)), {"segment"}),
    (chart("by_colour", x="month", by=("segment",)), {"segment"}),
    (chart("made_up_colour", x="month", by=(COLOUR,)), set()),
    (chart("partly_made_up", viz="table", by=("segment", COLOUR)), set()),
    (chart("by_month", x="month"), set()),
    (chart("by_words", x="segment"), {"segment"}),
    (chart("lying", x="segment", params={"orientation": "horizontal"}), set()),
    (chart("coloured", x="segment", params={"color_by_primary_axis": True}), set()),
    (chart("heat", viz="heatmap", x="segment", by=("country",)), set()),
    (chart("rows", viz="table", columns=("segment",)), set()),
]


@pytest.mark.parametrize(("one", "sent"), CLICKS, ids=lambda item: getattr(item, "name", ""))
def test_a_click_filters_by_what_superset_sends_and_by_nothing_made_up(real: Specs, one: Chart, sent: set[str]) -> None:
    other = chart("other", "rfm_customer", viz="table", columns=("customer_id",))
    specs, dashboard = shown(real, one, other)
    assert clicks.sent(specs, one) == sent
    assert clicks.listeners(specs, dashboard, one) == ({"other"} if sent else set())
    scope = layout.metadata(specs, dashboard)["chart_configuration"]["1001"]["crossFilters"]["scope"]
    assert scope["excluded"] == ([1001] if sent else [1001, 1002])


def test_a_chart_whose_click_sends_less_than_was_clicked_says_so(real: Specs) -> None:
    coloured = chart("by_colour", x="month", by=("segment",))
    other = chart("other", x="month")
    assert (
        captions.caption(*shown(real, coloured, other), coloured)
        == "A click on a colour filters by segment today alone."
    )
    assert captions.caption(*shown(real, coloured), coloured) == "", "nothing listens"


@pytest.mark.parametrize("key", ["rowTotals", "colTotals", "showTooltipTotal", "show_total"])
def test_what_cannot_be_added_up_has_no_total(specs: Path, layer: Layer, key: str) -> None:
    path = specs / "charts/never.yml"
    text = "title: T\nviz: pivot\ndataset: sales_month\nmetrics: [{}]\nby: [country]\nparams: {{{}: true}}\n"
    path.write_text(text.format("cancellation_rate", key))
    with pytest.raises(SpecError, match=r'never\.yml:\d+.*"cancellation_rate" cannot be added up'):
        load_specs(specs, layer)
    path.write_text(text.format("sales", key))
    assert load_specs(specs, layer).charts["never"].params[key]
