"""Writes docs/metrics.md: every metric and relation of the mart, from the specs that Superset's datasets come from."""

from pathlib import Path

from bootstrap.semantic.comments import listed_on
from bootstrap.semantic.spec import Column, Layer, Metric, Twin

_HEAD = """# Metrics and relations

Written by `lgs docs` from `views/`. The same words stand in Superset, in the database's comments and in
`mart.metric_catalogue`.

## Metrics
"""


def write_reference(layer: Layer, path: Path) -> None:
    """Write the page."""
    path.write_text(reference(layer), encoding="utf-8")


def reference(layer: Layer) -> str:
    """The page, as Markdown: metrics by label, then relations by name."""
    metrics = sorted(layer.metrics.values(), key=lambda metric: metric.label)
    relations = sorted((twin for twin in layer.twins if twin.schema_name == "mart"), key=lambda twin: twin.name)
    parts = [_HEAD, *[_metric(layer, metric) for metric in metrics], "## Relations\n"]
    return "\n".join([*parts, *[_relation(twin) for twin in relations]])


def _metric(layer: Layer, metric: Metric) -> str:
    notes = [f"Unit: {metric.unit}", f"owner: {metric.owner}"]
    notes += ["certified"] if metric.certified else []
    notes += [] if metric.additive else ["never add it up over rows"]
    notes += [f"warning: {metric.warning}"] if metric.warning else []
    where = ", ".join(f"`{twin.name}`" for twin in listed_on(layer, metric.name))
    return (
        f"### {metric.label}\n\n{metric.description}\n\n"
        f"`{metric.name}` = `{metric.expression}`\n\n{'; '.join(notes)}. On {where}.\n"
    )


def _relation(twin: Twin) -> str:
    kept = {"view": "A view", "stored": "Stored"}[twin.kind]
    covers = f" Covers a part of the lines: {twin.covers}" if twin.covers else ""
    rows = "\n".join(_row(column) for column in twin.columns)
    return (
        f"### mart.{twin.name}\n\n{twin.description}\n\n{kept}; owner: {twin.owner}; "
        f"key: {', '.join(twin.key) or 'none'}.{covers}\n\n| column | label | meaning |\n|---|---|---|\n{rows}\n"
    )


def _row(column: Column) -> str:
    return f"| `{column.name}` | {column.label} | {column.description} |"
