"""What the dataset says of a metric, in Superset's own form."""

import pytest

from bootstrap.assets.assets import _metric
from bootstrap.semantic.spec import NOT_ADDITIVE, Layer


@pytest.mark.parametrize(
    ("said", "shown"), [({}, NOT_ADDITIVE), ({"warning": "Guests count as one."}, "Guests count as one.")]
)
def test_a_metric_that_is_not_additive_carries_a_warning(layer: Layer, said: dict[str, str], shown: str) -> None:
    native = _metric(layer.metrics["cancellation_rate"].model_copy(update=said))
    assert (native["warning_text"], native["extra"]["warning_markdown"]) == (shown, shown)


def test_a_sum_carries_none_unless_it_says_so(layer: Layer) -> None:
    native = _metric(layer.metrics["sales"])
    assert native["warning_text"] is None
    assert "warning_markdown" not in native["extra"]
    assert _metric(layer.metrics["sales"].model_copy(update={"warning": "Gross."}))["warning_text"] == "Gross."


def test_only_a_certified_metric_is_published_as_such(layer: Layer) -> None:
    sales = layer.metrics["sales"]
    assert _metric(sales)["extra"]["certification"]["certified_by"] == sales.owner
    assert "certification" not in _metric(sales.model_copy(update={"certified": False}))["extra"]
