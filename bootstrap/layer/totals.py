"""Asks every relation for its metrics before a refresh commits: each must answer, and those that add up must agree."""

from collections.abc import Mapping
from typing import Any

from psycopg2 import DatabaseError, OperationalError
from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import CheckFailed, SpecError
from bootstrap.layer.document import Document
from bootstrap.layer.spec import Layer, Metric, Twin

Totals = dict[tuple[str, str | None], dict[str, Any]]


def check_metrics(cursor: Cursor, layer: Layer) -> int:
    """Compute each metric on each relation that lists it, in the open transaction; returns how many that were.

    Raises ``SpecError`` for one that the server cannot compute, and ``CheckFailed`` when relations that cover the same
    lines give different totals of an additive metric.
    """
    totals: Totals = {}
    asked = 0
    for twin in layer.twins:
        for name, value in _ask(cursor, layer, twin).items():
            asked += 1
            if layer.metrics[name].additive:
                totals.setdefault((name, twin.covers), {})[twin.relation] = value
    _compare(totals)
    return asked


def _ask(cursor: Cursor, layer: Layer, twin: Twin) -> Mapping[str, Any]:
    """The metrics over the whole relation; a stored one is asked by its time too, as a month may divide by zero."""
    metrics = [layer.metrics[name] for name in twin.metrics]
    if not metrics:
        return {}
    cursor.execute("savepoint metrics")
    try:
        cursor.execute(_query(twin, metrics))
    except OperationalError:
        raise
    except DatabaseError as error:
        cursor.execute("rollback to savepoint metrics")
        raise _refusal(cursor, twin, metrics) from error
    total = next(row for is_total, *row in cursor.fetchall() if is_total)
    cursor.execute("release savepoint metrics")
    return dict(zip(twin.metrics, total, strict=True))


def _query(twin: Twin, metrics: list[Metric]) -> str:
    """Rows of whether it is the total, then the metrics."""
    expressions = ", ".join(f"({metric.expression})" for metric in metrics)
    if twin.kind == "view" or not twin.time:
        return f"select true, {expressions} from {twin.relation}"
    by = f"group by grouping sets ((), ({twin.time}))"
    return f"select grouping({twin.time}) = 1, {expressions} from {twin.relation} {by}"


def _refusal(cursor: Cursor, twin: Twin, metrics: list[Metric]) -> SpecError:
    """The error of the first metric that the server refuses alone."""
    for position, metric in enumerate(metrics):
        try:
            cursor.execute(_query(twin, [metric]))
        except DatabaseError as error:
            cursor.execute("rollback to savepoint metrics")
            listed = f"{twin.path}:{Document.read(twin.path).line(['metrics', position])}"
            return SpecError(
                f'{twin.relation} cannot compute the metric "{metric.name}": {error.diag.message_primary}. '
                f"Fix the expression, or take it off the list at {listed}.",
                path=metric.path,
                line=metric.line,
                field=f"{metric.name}.expression",
            )
    raise AssertionError(f"the metrics of {twin.relation} fail together, not one by one")


def _comparable(value: Any) -> Any:
    """Nothing to add up is 0, and the order of adding up shows in the last digits of a float."""
    return float(f"{value:.9g}") if isinstance(value, float) else value or 0


def _compare(totals: Totals) -> None:
    apart = [
        f"  {name}: " + ", ".join(f"{relation} has {value}" for relation, value in found.items())
        for (name, _), found in totals.items()
        if len(set(map(_comparable, found.values()))) > 1
    ]
    if apart:
        raise CheckFailed(
            "The contract metrics agree does not hold (relations that list the same metric give the same total), so "
            "nothing was changed:\n" + "\n".join(apart) + "\nFix the SQL of one of them, or say in its twin under "
            "covers: which part of the lines it holds."
        )
