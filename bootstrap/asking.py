"""A question in metrics and dimensions, asked of the warehouse as who only reads."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from psycopg2 import DataError, ProgrammingError
from psycopg2.errors import QueryCanceled
from rich.console import Console
from rich.table import Table

from bootstrap import stack as stacks
from bootstrap.connection import connected
from bootstrap.errors import UsageError
from bootstrap.project import current
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.periods import SHIFTED, SUMMED
from bootstrap.semantic.query import WHOLE, Question, answer, row_counts
from bootstrap.semantic.spec import Layer
from bootstrap.settings import Settings

_LONGEST = "60s"
Rows = list[tuple[Any, ...]]


def ask(settings: Settings, question: Question, *, form: str | None) -> tuple[Iterator[str], Sequence[str]]:
    """The lines of a ``table``, ``csv`` or ``json``, and notes on them; without ``form`` the SQL alone.

    Raises ``UsageError`` for what cannot be answered, and ``Unreachable`` when the warehouse does not answer.
    """
    layer = load_layer(current().views)
    with connected(stacks.connect(settings).url("reader")) as connection, connection.cursor() as cursor:
        connection.set_session(readonly=True)
        found = answer(layer, question, row_counts(cursor))
        if form is None:
            return iter([found.sql]), []
        try:
            cursor.execute(f"set local statement_timeout = '{_LONGEST}'")
            cursor.execute(found.sql)
        except (DataError, ProgrammingError) as error:
            said = (error.diag.message_primary or str(error)).rstrip(".")
            raise UsageError(
                f"PostgreSQL refuses the question: {said}. Compare each column with values of its kind."
            ) from error
        except QueryCanceled as error:
            raise UsageError(f"The answer took longer than {_LONGEST}. Ask for less with --where.") from error
        names, rows = [column.name for column in cursor.description or ()], cursor.fetchall()
    none = [] if rows else ["No rows: nothing is held of what --where asks for."]
    return {"table": _table, "csv": _csv, "json": _json}[form](layer, names, rows), [*found.notes, *none]


def _table(layer: Layer, names: Sequence[str], rows: Rows) -> Iterator[str]:
    labels = {column.name: column.label for twin in layer.twins for column in twin.columns}
    labels |= {metric.name: metric.label for metric in layer.metrics.values()} | {WHOLE: "Complete"}
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        base, span = _parted(layer, name)
        label = labels.get(base, base.capitalize()) + (f", {span.replace('_', ' ')}" if span else "")
        table.add_column(label, justify="right" if base in layer.metrics else "left")
    for row in rows:
        table.add_row(*(_shown(layer, name, value) for name, value in zip(names, row, strict=True)))
    console = Console(file=io.StringIO(), width=max(80, 24 * len(names)), highlight=False, markup=False, emoji=False)
    console.print(table)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    yield from text.splitlines()


def _parted(layer: Layer, name: str) -> tuple[str, str]:
    """The metric of a column, and the span that stands behind it."""
    for span in (*SHIFTED, *SUMMED):
        if name.removesuffix(f"_{span}") in layer.metrics:
            return name.removesuffix(f"_{span}"), span if name not in layer.metrics else ""
    return name, ""


def _shown(layer: Layer, name: str, value: Any) -> str:
    metric = layer.metrics.get(_parted(layer, name)[0])
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if metric is None:
        return str(value)
    return format(int(value) if metric.format.endswith("d") else value, metric.format)


def _csv(_: Layer, names: Sequence[str], rows: Rows) -> Iterator[str]:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([names, *rows])
    yield from file.getvalue().splitlines()


def _json(_: Layer, names: Sequence[str], rows: Rows) -> Iterator[str]:
    yield json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=_plain, indent=2, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Numbers as numbers, dates as text."""
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    return str(value)
