"""Answers a question in metrics and dimensions: picks the smallest relation that can, and writes its SQL.

A dimension is a column of the relation, one of a relation that it references (many rows to one, so that no row counts
twice), or a coarser period of its time. What would be wrong is refused, with the reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import UsageError
from bootstrap.semantic import periods
from bootstrap.semantic.condition import Condition, conditions
from bootstrap.semantic.document import nearest
from bootstrap.semantic.expression import guards
from bootstrap.semantic.spec import Column, Layer, Metric, Twin

WHOLE = "is_complete"
"""The column that tells whether the period of a row is."""

_ADVICE = "must not be added up over rows: ask for it without a dimension."


@dataclass(frozen=True)
class Question:
    """Names of metrics, dimensions to slice by, conditions in SQL, and spans to set beside the value of each month."""

    metrics: Sequence[str]
    by: Sequence[str] = ()
    where: Sequence[str] = ()
    spans: Sequence[str] = ()


@dataclass(frozen=True)
class Answer:
    """The SQL that answers, the relation that it reads, and what to know of the figures."""

    sql: str
    relation: str
    notes: Sequence[str]


@dataclass(frozen=True)
class Dimension:
    """How to name one in SQL. ``join`` is the relation that has it, and ``on`` the column that leads there."""

    name: str
    sql: str
    column: Column | None
    join: Twin | None = None
    on: str = ""


@dataclass(frozen=True)
class _Way:
    """One relation that can answer, with its dimensions by name."""

    twin: Twin
    dimensions: Mapping[str, Dimension]
    where: Sequence[Condition]

    @property
    def joined(self) -> Mapping[str, tuple[Twin, str]]:
        found = [one for one in self.dimensions.values() if one.join]
        return {f"{one.on}__{one.join.name}": (one.join, one.on) for one in found if one.join}


def answer(layer: Layer, question: Question, sizes: Mapping[str, int]) -> Answer:
    """The SQL of the smallest relation of the mart that can answer; ``sizes`` are rows by relation.

    Raises ``UsageError`` for an unknown name, for metrics that no one relation has, and for a slice in which a metric
    means nothing.
    """
    metrics = [_metric(layer, name) for name in question.metrics]
    if not metrics:
        raise UsageError("No metric is named. Name one: lgs query sales --by month.")
    where = [part for text in question.where for part in conditions(text)]
    ways, whys = [], []
    for twin in layer.twins:
        if twin.schema_name == "mart" and {one.name for one in metrics} <= {*twin.metrics}:
            found = _way(layer, twin, question, where)
            why = found if isinstance(found, str) else _meaningless(found, metrics, question)
            if isinstance(found, _Way) and not why:
                ways.append(found)
            else:
                whys.append((twin, why))
    if not ways:
        _refuse(layer, metrics, question, where, whys)
    best = min(ways, key=lambda way: (way.twin.covers is not None, _size(layer, way, sizes), way.twin.relation))
    return _answered(layer, best, metrics, question)


def row_counts(cursor: Cursor) -> dict[str, int]:
    """The rows of each stored relation of the mart, as the server estimates them."""
    cursor.execute(
        "select 'mart.' || relname, greatest(reltuples, 0)::bigint from pg_class "
        "where relnamespace = 'mart'::regnamespace and relkind = 'r'"
    )
    return dict(cursor.fetchall())


def _metric(layer: Layer, name: str) -> Metric:
    if name not in layer.metrics:
        raise UsageError(f'There is no metric "{name}". {nearest(name, layer.metrics)}')
    return layer.metrics[name]


def _way(layer: Layer, twin: Twin, question: Question, where: Sequence[Condition]) -> _Way | str:
    """How the relation has each dimension, or which it has not."""
    found = {}
    for name in dict.fromkeys([*question.by, *(name for part in where for name in part.names)]):
        dimension = next(_dimensions(layer, twin, name), None)
        if dimension is None:
            return f"there is no {name}"
        if dimension.column and dimension.column.role == "measure":
            return f"{name} is a measure: add it up, do not slice by it"
        found[name] = dimension
    return _Way(twin, found, where)


def _dimensions(layer: Layer, twin: Twin, name: str) -> Iterator[Dimension]:
    """Where the relation has a dimension, the nearest first. ``country.region`` names the relation too."""
    own, other = {column.name: column for column in twin.columns}, name.rpartition(".")
    if name in own:
        yield Dimension(name, f"own.{name}", own[name])
    elif twin.time and (period := periods.of(name, twin.time)):
        yield Dimension(name, period, None)
    for column, key in twin.references.items():
        joined = layer.twin(key.rpartition(".")[0])
        if joined.schema_name == "mart" and joined.name != twin.name and other[0] in ("", joined.name, column):
            for one in joined.columns:
                if one.name == other[2] and one.name not in joined.key:
                    yield Dimension(name, f"{column}__{joined.name}.{one.name}", one, joined, column)


def _meaningless(way: _Way, metrics: Sequence[Metric], question: Question) -> str:
    """Why a metric means nothing in this slice of the relation; empty where all do."""
    fixed = {*question.by, *(name for part in way.where for name in part.fixed)}
    for metric in metrics:
        for guard in guards(metric.expression):
            if guard not in fixed:
                said = f"{metric.name} means something only within one {guard}"
                return f'{said}: add --by {guard}, or --where "{guard} = ..."'
    return ""


def _size(layer: Layer, way: _Way, sizes: Mapping[str, int]) -> int:
    """Rows that are read; of a view those of the largest relation below it."""
    return max(_rows(layer, twin, sizes) for twin in [way.twin, *(twin for twin, _ in way.joined.values())])


def _rows(layer: Layer, twin: Twin, sizes: Mapping[str, int]) -> int:
    if twin.kind == "stored":
        return sizes.get(twin.relation, 0)
    known = {one.relation: one for one in layer.twins}
    below = [_rows(layer, known[name], sizes) if name in known else 10**9 for name in twin.reads]
    return max(below, default=0)


def _refuse(
    layer: Layer,
    metrics: Sequence[Metric],
    question: Question,
    where: Sequence[Condition],
    whys: Sequence[tuple[Twin, str]],
) -> NoReturn:
    named = " and ".join(metric.name for metric in metrics)
    if not whys:
        raise UsageError(f"No one relation has {named}. Ask for them one at a time.")
    for name in dict.fromkeys([*question.by, *(name for part in where for name in part.names)]):
        if not any(True for twin, _ in whys for _ in _dimensions(layer, twin, name)):
            known = {one for twin, _ in whys for one in _slices(layer, twin)}
            raise UsageError(f'{named} cannot be sliced by "{name}". {nearest(name, known)}')
    raise UsageError(f"No relation can answer this for {named}: {_reasons(whys)}")


def _reasons(whys: Sequence[tuple[Twin, str]]) -> str:
    """The one reason, or one on each line with the relations that it holds for."""
    said: dict[str, list[str]] = {}
    for twin, why in whys:
        said.setdefault(why, []).append(twin.relation)
    if len(said) == 1:
        return f"{next(iter(said))}."
    return "".join(f"\n  {why} ({', '.join(names)})" for why, names in said.items())


def _slices(layer: Layer, twin: Twin) -> Iterator[str]:
    """The dimensions of a relation."""
    yield from (column.name for column in twin.columns if column.role != "measure")
    for key in twin.references.values():
        other = layer.twin(key.rpartition(".")[0])
        yield from (column.name for column in other.columns if column.role != "measure")
    yield from (name for name in periods.GRAINS if twin.time and periods.of(name, twin.time))


def _answered(layer: Layer, way: _Way, metrics: Sequence[Metric], question: Question) -> Answer:
    wholes = periods.wholes(layer, way.twin, question.by)
    notes = [f"{metric.label} {_ADVICE}" for metric in metrics if not metric.additive and question.by]
    if way.twin.covers:
        notes.append(f"{way.twin.relation} holds a part of the lines: {way.twin.covers}")
    if question.spans:
        sql = _spanned(way, metrics, question, wholes, periods.calendar(layer, way.twin))
    else:
        sql = _ordered(_select(way, metrics, question.by), question.by, wholes)
    return Answer(sql, way.twin.relation, notes)


def _select(way: _Way, metrics: Sequence[Metric], by: Sequence[str], *, source: str = "") -> str:
    """The rows of the relation, grouped. The expression of a metric is of columns without the name of a table."""
    slices = [f"{way.dimensions[name].sql} as {_plain(name)}" for name in by]
    columns = {column.name for metric in metrics for column in way.twin.columns if column.name in metric.expression}
    inner = ", ".join([*slices, *(f"own.{name} as {name}" for name in sorted(columns - {*map(_plain, by)}))])
    named = {name: one.sql for name, one in way.dimensions.items()}
    held = " and ".join(f"({one.sql(named)})" for one in way.where)
    rows = f"select {inner or '1 as one'}\nfrom {source or way.twin.relation + ' as own'}" + _joins(way)
    rows += f"\nwhere {held}" if held else ""
    values = [f"({metric.expression}) as {metric.name}" for metric in metrics]
    grouped = f"\ngroup by {', '.join(map(_plain, by))}" if by else ""
    return f"select {', '.join([*map(_plain, by), *values])}\nfrom (\n{rows}\n) as line{grouped}"


def _joins(way: _Way) -> str:
    return "".join(
        f"\nleft join {twin.relation} as {name} on own.{column} = {name}.{twin.key[0]}"
        for name, (twin, column) in way.joined.items()
    )


def _plain(name: str) -> str:
    """A name for a column of the answer."""
    return name.replace(".", "_")


def _ordered(select: str, by: Sequence[str], wholes: str) -> str:
    """The rows in the order of their slices; ``wholes`` tells of a period whether it is whole."""
    names = ", ".join(map(_plain, by))
    if wholes:
        select = f"select asked.*, {wholes} as {WHOLE}\nfrom (\n{select}\n) as asked"
    return f"{select}\norder by {names}" if by else select


def _spanned(way: _Way, metrics: Sequence[Metric], question: Question, wholes: str, calendar: str) -> str:
    """Each month with other months, or longer spans up to it, beside it. Conditions on the month hold for the first."""
    of = periods.Spans(way.twin, question.by, question.spans, wholes, calendar)
    first = [part for part in way.where if part.names & periods.GRAINS.keys()]
    rest = replace(way, where=[part for part in way.where if part not in first])
    asked = _select(rest, metrics, question.by)
    spans = {
        span: asked if span in periods.SHIFTED else _select(rest, metrics, question.by, source=of.source(span))
        for span in question.spans
    }
    held = " and ".join(f"({part.sql({name: f'asked.{_plain(name)}' for name in part.names})})" for part in first)
    return of.joined(asked, spans, [metric.name for metric in metrics], held)
