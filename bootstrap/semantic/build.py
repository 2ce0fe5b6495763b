"""Brings the relations of the layer up to their definitions and lines, each in the cheapest way that is right.

A relation whose definition changed, or stands on one that did, is computed whole; else only the months whose lines
changed are. Either way only the rows that differ are written, so readers are left alone. What cannot be written in
place is built beside what stands and takes its place at the end (``exchange``). The caller's transaction decides.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Literal

from psycopg2 import DatabaseError, DataError, ProgrammingError, sql
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from bootstrap.errors import SpecError
from bootstrap.progress import Progress
from bootstrap.semantic.comments import documentation, write_catalogues, write_comments
from bootstrap.semantic.dependents import Dependent, find_dependents, refuse_dependents
from bootstrap.semantic.document import nearest
from bootstrap.semantic.exchange import Beside, beside, exchange, shape
from bootstrap.semantic.keys import add_primary_key
from bootstrap.semantic.spec import SCHEMAS, Layer, Twin
from bootstrap.semantic.statement import renamed

Way = Literal["full", "definitions", "months", "documentation", "nothing"]
_GENERATED = """
    create table if not exists rollup.definition (relation text primary key, definition text, documentation text);
    create table if not exists rollup.metric (metric text primary key, label text not null, formula text not null,
        unit text not null, description text not null, owner text not null, is_certified boolean not null,
        is_additive boolean not null, where_used text not null, warning text);
    create table if not exists rollup.mart_column (relation text, column_name text, position integer not null,
        label text not null, description text not null, role text not null, data_type text not null, format text,
        currency text, is_additive boolean, refers_to text, primary key (relation, column_name))
"""


@dataclass(frozen=True)
class Build:
    """What a build did. ``rows`` is how many rows each relation holds that was written, 0 for a view.

    ``names`` says where relations are that have yet to take their place. ``dropped`` is what others built on what was
    replaced.
    """

    way: Way
    rows: Mapping[str, int]
    names: Mapping[str, str] = field(default_factory=dict)
    dropped: Sequence[Dependent] = ()

    @property
    def changed(self) -> bool:
        return self.way != "nothing"


def build(
    cursor: Cursor,
    layer: Layer,
    *,
    months: Sequence[date] | None,
    progress: Progress,
    used_in: Mapping[str, Sequence[str]] | None = None,
    check: Callable[[Build], None] = lambda _: None,
    cascade: bool = False,
) -> Build:
    """Bring the relations up to the lines of ``warehouse`` inside the caller's transaction.

    ``months`` are those whose lines changed, ``None`` stands for all. ``used_in`` names the charts of each metric for
    the catalogue. ``check`` is called when all is built, and before any reader has to wait.

    Raises ``SpecError`` when a twin's columns are not those of its SQL, or the server refuses its SQL, and
    ``CheckFailed`` when what others built would be dropped, unless ``cascade``.
    """
    _prepare(cursor)
    held, documents = _held(cursor), documentation(layer, used_in or {})
    wanted = {twin.relation: (definition(twin), documents[twin.relation]) for twin in layer.twins}
    changed = {name for name, (made, _) in wanted.items() if name not in held or held[name][0] != made}
    gone = sorted(held.keys() - wanted.keys())
    made = Beside(replaced=gone)
    whole = set(wanted) if months is None else _standing_on(layer, changed)
    rows = _write(cursor, layer, _Task(changed, whole, months or (), made), progress) if whole or months else {}
    dropped = find_dependents(cursor, made.replaced, {*held, *wanted}) if made.replaced else []
    if dropped and not cascade:
        raise refuse_dependents(made.replaced, dropped)
    built = Build(_way(changed | set(gone), wanted, months, held == wanted), rows, made.names, dropped)
    check(built)
    if held != wanted:
        reworded = [twin for twin in layer.twins if held.get(twin.relation) != wanted[twin.relation]]
        write_comments(cursor, [twin for twin in reworded if twin.relation not in made.names])
        _note(cursor, wanted)
    if changed or gone:
        exchange(cursor, layer, made)
        write_comments(cursor, [twin for twin in layer.twins if twin.relation in made.names])
    if held != wanted:
        write_catalogues(cursor, layer, used_in or {})
    return built


def _prepare(cursor: Cursor) -> None:
    cursor.execute(
        "set local work_mem = '128MB'; set local jit = off; "
        "set local parallel_setup_cost = 10; set local parallel_tuple_cost = 0.001"
    )
    cursor.execute("; ".join(f"create schema if not exists {schema}" for schema in SCHEMAS) + f"; {_GENERATED}")


def _way(changed: Collection[str], wanted: Collection[str], months: Sequence[date] | None, is_said: bool) -> Way:
    if months is None or len(changed) >= len(wanted):
        return "full"
    if changed:
        return "definitions"
    if months:
        return "months"
    return "nothing" if is_said else "documentation"


def definition(twin: Twin) -> str:
    """A digest of all that decides what rows the relation holds and how they are kept."""
    columns = [column.name for column in twin.columns]
    kept = (twin.object, twin.kept_by, twin.looks_back, twin.key, twin.indexes, sorted(twin.references.items()))
    decides = (twin.sql, *kept, columns)
    return sha256(repr(decides).encode()).hexdigest()


def _held(cursor: Cursor) -> dict[str, tuple[str, str]]:
    """The digests of definition and documentation of each relation that stands, as the last build noted them."""
    cursor.execute(
        "select relation, definition, documentation from rollup.definition where to_regclass(relation) is not null"
    )
    return {relation: (made, said) for relation, made, said in cursor.fetchall()}


def _note(cursor: Cursor, wanted: Mapping[str, tuple[str, str]]) -> None:
    cursor.execute("delete from rollup.definition")
    execute_values(cursor, "insert into rollup.definition values %s", [(name, *two) for name, two in wanted.items()])


def _standing_on(layer: Layer, changed: Collection[str]) -> set[str]:
    """The relations of ``changed``, and all that read them, or read what does."""
    found = set(changed)
    for twin in layer.twins:  # each stands after those that it reads
        if found.intersection(twin.reads):
            found.add(twin.relation)
    return found


@dataclass(frozen=True)
class _Task:
    """What to write: ``whole`` relations, because definitions ``changed``, and ``months`` of the others."""

    changed: Collection[str]
    whole: Collection[str]
    months: Sequence[date]
    made: Beside


def _write(cursor: Cursor, layer: Layer, task: _Task, progress: Progress) -> dict[str, int]:
    rows: dict[str, int] = {}
    for schema, twins in _by_schema(layer):
        with progress.step(f"Build {schema}") as step:
            done = {twin.relation: _bring_up(cursor, twin, task) for twin in twins}
            rows |= {relation: count for relation, count in done.items() if count is not None}
            step.rows = sum(count or 0 for count in done.values())
            whole = sum(twin.relation in task.whole and twin.relation in rows for twin in twins)
            by_month = f"{sum(twin.relation in rows for twin in twins) - whole} by {len(task.months)} months"
            step.note = ", ".join(
                [*([f"{whole} relations whole"] if whole else []), *([by_month] if task.months else [])]
            )
    return rows


def _by_schema(layer: Layer) -> Iterable[tuple[str, list[Twin]]]:
    return [(schema, [twin for twin in layer.twins if twin.schema_name == schema]) for schema in SCHEMAS]


def _bring_up(cursor: Cursor, twin: Twin, task: _Task) -> int | None:
    """Write one relation; returns its rows, or ``None`` when there is nothing to write."""
    is_new = twin.relation in task.changed or not task.made.names.keys().isdisjoint(twin.reads)
    if is_new if twin.kind == "view" else twin.relation in task.whole:
        return _compute(cursor, twin, task.made)
    if twin.kind == "view" or not task.months:
        return None
    return _replace(cursor, twin, task.months) if twin.kept_by else _refresh(cursor, twin)


def _compute(cursor: Cursor, twin: Twin, made: Beside) -> int:
    """Compute the relation beside the one that stands. Where that one fits, it only gets the rows that differ."""
    table = beside(twin.relation)
    rows = _create(cursor, twin, table, renamed(twin.sql, made.names))
    stands, new = shape(cursor, twin.relation), shape(cursor, table)
    fits = stands is not None and new is not None and stands.fits(new)
    if fits and twin.kind == "stored":
        _merge(cursor, twin, table)
        _add_indexes(cursor, twin, twin.relation)
        cursor.execute(f"drop table {table}; analyze {twin.relation}")
        return rows
    if twin.kind == "stored":
        _add_indexes(cursor, twin, table)
    made.names[twin.relation] = table
    made.replaced.extend([twin.relation] if stands and not fits else [])
    return rows


def _create(cursor: Cursor, twin: Twin, table: str, query: str) -> int:
    """Make the relation under the name ``table``; returns its rows, 0 for a view."""
    cursor.execute(f"create schema if not exists {table.partition('.')[0]}")
    statement = f"create {twin.object} {table} as {query}"
    try:
        cursor.execute(statement)
    except (ProgrammingError, DataError) as error:
        raise _sql_error(twin, error, statement) from error
    rows = max(cursor.rowcount, 0)
    made = shape(cursor, table)
    _check_columns(twin, [name for name, _ in made.columns] if made else [])
    if twin.kind == "stored":
        add_primary_key(cursor, twin, table)
        cursor.execute(f"analyze {table}")
    return rows


def _add_indexes(cursor: Cursor, twin: Twin, table: str) -> None:
    """Those of the twin that ``table`` lacks. One that the twin has no more stays until the relation is exchanged."""
    cursor.execute(
        "select array_agg(attname order by attnum) from pg_attribute inner join pg_index on attrelid = indexrelid"
        " where indrelid = %s::regclass and not indisprimary group by indexrelid",
        [table],
    )
    held = [tuple(columns) for (columns,) in cursor.fetchall()]
    for index in twin.indexes:
        if index not in held:
            cursor.execute(f"create index on {table} ({', '.join(index)})")


def _sql_error(twin: Twin, error: DatabaseError, sent: str) -> SpecError:
    """What the server says of the statement ``sent``, at the line it means: the head of the twin's SQL is one line."""
    position = int(error.diag.statement_position or 0)
    line = sent.count("\n", 0, position) + 1 if position else None
    return SpecError(f"{error.diag.message_primary}. Fix the SQL.", path=twin.path.with_suffix(".sql"), line=line)


def _check_columns(twin: Twin, made: Sequence[str]) -> None:
    said = [column.name for column in twin.columns]
    for name in said:
        if name not in made:
            raise SpecError(
                f'"{name}" is not a column of the SQL. {nearest(name, made)}', path=twin.path, field="columns"
            )
    if list(made) != said:
        raise SpecError(
            f"the SQL gives {', '.join(made)}. List the same, in that order.", path=twin.path, field="columns"
        )


def _replace(cursor: Cursor, twin: Twin, months: Sequence[date]) -> int:
    chosen = "month >= {}" if twin.looks_back else "month = any({})"
    where = sql.SQL(chosen).format(sql.Literal(min(months) if twin.looks_back else list(months)))
    names = {"table": sql.SQL(twin.relation), "query": sql.SQL(twin.sql), "where": where}
    cursor.execute(sql.SQL("delete from {table} where {where}").format(**names))
    cursor.execute(sql.SQL("insert into {table} select * from ({query}) as q where {where}").format(**names))
    rows = cursor.rowcount
    cursor.execute(f"analyze {twin.relation}")
    return rows


def _refresh(cursor: Cursor, twin: Twin) -> int:
    """Write only the rows that differ: what "refresh materialized view concurrently" does, in half its time."""
    cursor.execute(f"create temporary table fresh on commit drop as {twin.sql}")
    rows = cursor.rowcount
    cursor.execute("analyze fresh")
    _merge(cursor, twin, "fresh")
    cursor.execute(f"drop table fresh; analyze {twin.relation}")
    return rows


def _merge(cursor: Cursor, twin: Twin, source: str) -> None:
    """Write the rows of ``source`` that differ from those of the relation, and take out what it does not have."""
    table, same = twin.relation, " and ".join(f"fresh.{name} = held.{name}" for name in twin.key)
    kept = f"select from {source} as fresh where {same} and fresh.* operator(pg_catalog.*=) held.*"
    cursor.execute(f"delete from {table} as held where not exists ({kept})")
    held = f"select from {table} as held where {same}"
    cursor.execute(f"insert into {table} select * from {source} as fresh where not exists ({held})")
