"""Asks every relation for its metrics before a refresh commits: each must answer, and all must agree."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from psycopg2 import DatabaseError, OperationalError
from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import CheckFailed, SpecError
from bootstrap.semantic.document import Document
from bootstrap.semantic.spec import Layer, Metric, Twin

Answer = tuple[Any, ...]
"""A period, which is ``None`` for the whole, then the value of each metric."""

_SHOWN = 5


class Question(NamedTuple):
    """What relations must agree on: a metric over a period, where they cover the same lines."""

    metric: str
    covers: str | None
    time: str | None
    period: Any


def check_metrics(cursor: Cursor, layer: Layer, names: Mapping[str, str] | None = None) -> int:
    """Compute each metric on each relation that lists it, in the open transaction; returns how many that were.

    ``names`` says where relations are that do not stand under their own name yet.

    Raises ``SpecError`` for one that the server cannot compute, and ``CheckFailed`` when relations that cover the same
    lines give different values of a metric, over all or in one period of a time that they share.
    """
    found: dict[Question, dict[str, Any]] = {}
    for twin in layer.twins:
        for period, *values in _ask(cursor, layer, twin, (names or {}).get(twin.relation, twin.relation)):
            for name, value in zip(twin.metrics, values, strict=True):
                if value is not None or (layer.metrics[name].additive and period is None):
                    time = None if period is None else twin.time
                    found.setdefault(Question(name, twin.covers, time, period), {})[twin.relation] = value
    _compare(found)
    return sum(len(twin.metrics) for twin in layer.twins)


def _ask(cursor: Cursor, layer: Layer, twin: Twin, table: str) -> Sequence[Answer]:
    """A stored relation is asked by its time too: a month may divide by zero."""
    metrics = [layer.metrics[name] for name in twin.metrics]
    if not metrics:
        return []
    cursor.execute("savepoint metrics")
    try:
        cursor.execute(_query(twin, table, metrics))
    except OperationalError:
        raise
    except DatabaseError as error:
        cursor.execute("rollback to savepoint metrics")
        raise _refusal(cursor, twin, table, metrics) from error
    answers: list[Answer] = cursor.fetchall()
    cursor.execute("release savepoint metrics")
    return answers


def _query(twin: Twin, table: str, metrics: list[Metric]) -> str:
    """Rows of a period, which is null for the whole, then the metrics."""
    expressions = ", ".join(f"({metric.expression})" for metric in metrics)
    if twin.kind == "view" or not twin.time:
        return f"select null, {expressions} from {table}"
    by = f"group by grouping sets ((), ({twin.time})) having grouping({twin.time}) = 1 or {twin.time} is not null"
    return f"select {twin.time}, {expressions} from {table} {by}"


def _refusal(cursor: Cursor, twin: Twin, table: str, metrics: list[Metric]) -> SpecError:
    """The error of the first metric that the server refuses alone."""
    for position, metric in enumerate(metrics):
        try:
            cursor.execute(_query(twin, table, [metric]))
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
    """Nothing to add up is 0; how a quotient or a float was computed shows in its last digits."""
    exact = Decimal(f"{value:.12g}") if isinstance(value, float) else value
    return (round(exact, 6) if isinstance(exact, Decimal) and exact.is_finite() else exact) or 0


def _compare(found: Mapping[Question, Mapping[str, Any]]) -> None:
    apart = [one for one in found.items() if len(set(map(_comparable, one[1].values()))) > 1]
    if apart:
        totals_first = sorted(apart, key=lambda one: one[0].period is not None)
        further = [f"  and {len(apart) - _SHOWN} more"] if len(apart) > _SHOWN else []
        shown = "\n".join([*map(_line, totals_first[:_SHOWN]), *further])
        raise CheckFailed(
            "The contract metrics agree does not hold (relations that list the same metric give the same value), so "
            f"nothing was changed:\n{shown}\n"
            "Fix the SQL of one of them, or say in its twin under covers: which part of the lines it holds."
        )


def _line(apart: tuple[Question, Mapping[str, Any]]) -> str:
    question, values = apart
    when = "" if question.period is None else f" where {question.time} is {question.period}"
    return f"  {question.metric}{when}: " + ", ".join(f"{relation} has {value}" for relation, value in values.items())
