"""What is compiled: identity, comparable forms, colours, and scopes of filters."""

import itertools
from uuid import uuid4

import numpy as np
import pytest

from bootstrap.assets import layout, load_specs
from bootstrap.assets.identity import identity, mark, read_mark
from bootstrap.assets.normal import differences, digest, normal
from bootstrap.assets.spec import Specs
from bootstrap.project import current
from bootstrap.semantic.spec import Layer

# Machado, Oliveira and Fernandes (2009), table 1, severity 1, on linear RGB
PROTAN = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTAN = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
SEVERITY_1 = {"normal": np.eye(3), "protan": np.array(PROTAN), "deutan": np.array(DEUTAN)}
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]])


@pytest.fixture(scope="module")
def real(layer: Layer) -> Specs:
    return load_specs(current().superset, layer)


def lab(colour: str, sight: str) -> np.ndarray:
    """CIE 1976 L*a*b* of a #rrggbb colour as seen."""
    share = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    seen = XYZ @ np.clip(SEVERITY_1[sight] @ linear, 0, 1) / np.array([0.95047, 1, 1.08883])
    root = np.where(seen > 0.008856, np.cbrt(seen), 7.787 * seen + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("sight", SEVERITY_1)
def test_segment_colours_can_be_told_apart(real: Specs, sight: str) -> None:
    assert len(current().colours) == 10
    for (one, first), (other, second) in itertools.combinations(current().colours.items(), 2):
        distance = np.linalg.norm(lab(first, sight) - lab(second, sight))
        assert distance >= 20, f"{one} and {other} for {sight} sight"


def test_a_copy_of_an_asset_is_not_ours() -> None:
    sentence = mark("charts", "monthly_sales", "0123456789ab")
    assert read_mark(sentence, str(identity("charts", "monthly_sales"))) == "0123456789ab"
    assert read_mark(sentence, str(uuid4())) is None
    assert read_mark("Defined in charts/monthly_sales.", str(identity("charts", "monthly_sales"))) is None


def test_ids_that_superset_gives_make_no_difference() -> None:
    def dashboard(first: int, second: int) -> dict[str, object]:
        numbers = {"a": first, "b": second}
        charts = {name: {"type": "CHART", "meta": {"chartId": n, "uuid": name}} for name, n in numbers.items()}
        filters = [{"scope": {"excluded": [second, first]}, "chartsInScope": [first]}]
        configuration = {str(first): {"id": first, "crossFilters": {"scope": {"excluded": [second]}}}}
        return {
            "position": charts,
            "metadata": {"native_filter_configuration": filters, "chart_configuration": configuration},
        }

    assert normal("dashboards", dashboard(1001, 1002)) == normal("dashboards", dashboard(7, 3))


def test_colours_that_superset_shares_between_charts_make_no_difference() -> None:
    looked_at = normal("dashboards", {"metadata": {"shared_label_colors": ["invoices"], "color_scheme": "lgs"}})
    assert looked_at == normal("dashboards", {"metadata": {"shared_label_colors": [], "color_scheme": "lgs"}})


def test_a_difference_is_named_as_people_speak_of_it() -> None:
    before = {"metrics": [{"metric_name": "sales", "d3format": ",.2f", "expression": "sum(sales)"}]}
    after = {"metrics": [{"metric_name": "sales", "d3format": ",.0f", "expression": "sum(sales)"}]}
    old, new = normal("datasets", before), normal("datasets", after)
    assert differences(old, new) == ["metrics.sales.d3format"]
    assert digest(old) != digest(new)


def test_a_filter_acts_where_its_column_is_and_nowhere_else(real: Specs) -> None:
    dashboard = real.dashboards["sales_customers"]
    names = {number: name for name, number in layout.placeholders(dashboard).items()}
    for found, spec in zip(
        layout.metadata(real, dashboard)["native_filter_configuration"], dashboard.filters, strict=True
    ):
        deaf = {names[number] for number in found["scope"]["excluded"]}
        for name in dashboard.charts:
            chart = real.charts[name]
            twin = real.layer.twin(chart.dataset)
            has = twin.time is not None if spec.kind == "time" else spec.column in {*twin.labels, *twin.filters}
            assert (name in deaf) == (not has or spec.name in chart.ignores), f"{spec.name} on {name}"


def test_each_segment_has_its_colour_on_the_dashboard(real: Specs) -> None:
    labels = layout.metadata(real, real.dashboards["sales_customers"])["label_colors"]
    assert {name: labels[name] for name in current().colours} == current().colours
