"""Writes docs/metrics.md: every metric and relation of the mart, from the specs that Superset's datasets come from."""

from pathlib import Path

from bootstrap.semantic.comments import listed_on
from bootstrap.semantic.spec import Layer, Metric, Twin
from bootstrap.templates import render


def write_reference(layer: Layer, path: Path) -> None:
    """Write the page."""
    path.write_text(reference(layer), encoding="utf-8")


def reference(layer: Layer) -> str:
    """The page, as Markdown: metrics by label, then relations by name."""

    def carriers(metric: Metric) -> list[str]:
        return [twin.name for twin in listed_on(layer, metric.name)]

    metrics = sorted(layer.metrics.values(), key=lambda metric: metric.label)
    return render("metrics.md", metrics=metrics, relations=of_the_mart(layer), carriers=carriers)


def of_the_mart(layer: Layer) -> list[Twin]:
    """The relations that people read, by name."""
    return sorted((twin for twin in layer.twins if twin.schema_name == "mart"), key=lambda twin: twin.name)
