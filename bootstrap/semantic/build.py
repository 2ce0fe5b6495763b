"""Brings the relations of the layer up to their definitions and lines, each in the cheapest way that is right.

A relation whose definition changed, or stands on one that did, is computed whole; else only what the changed rows of
its inputs reach is (``narrowed``). Either way only the rows that differ are written, so readers are left alone, and
these are in turn what the relations above follow. What cannot be written in place is built beside what stands and takes
its place at the end (``exchange``). The caller's transaction decides.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from psycopg2 import DatabaseError, DataError, ProgrammingError
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from bootstrap.difference import write_difference
from bootstrap.errors import SpecError
from bootstrap.lines import Changes
from bootstrap.progress import Progress
from bootstrap.semantic.comments import documentation, write_catalogues, write_comments
from bootstrap.semantic.dependents import Dependent, find_dependents, refuse_dependents
from bootstrap.semantic.document import nearest
from bootstrap.semantic.exchange import Beside, beside, exchange, shape
from bootstrap.semantic.keys import add_primary_key
from bootstrap.semantic.narrowed import Keys, find_keys, narrowed
from bootstrap.semantic.spec import SCHEMAS, Layer, Twin
from bootstrap.semantic.statement import renamed
from bootstrap.semantic.summed import summed

Way = Literal["full", "definitions", "changes", "documentation", "nothing"]
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
    replaced, ``written`` the relations whose rows changed, ``None`` where any may have.
    """

    way: Way
    rows: Mapping[str, int]
    names: Mapping[str, str] = field(default_factory=dict)
    dropped: Sequence[Dependent] = ()
    written: Collection[str] | None = None

    @property
    def changed(self) -> bool:
        return self.way != "nothing"

    def reached(self, layer: Layer, noted: Collection[str]) -> list[str] | None:
        """The relations whose rows may differ, views over ``noted`` tables among them; ``None``: any."""
        return None if self.written is None else sorted({*self.written, *_standing_on(layer, noted)} - {*noted})


def build(
    cursor: Cursor,
    layer: Layer,
    *,
    changes: Changes | None,
    progress: Progress,
    used_in: Mapping[str, Sequence[str]] | None = None,
    check: Callable[[Build], None] = lambda _: None,
    cascade: bool = False,
) -> Build:
    """Bring the relations up to the lines of ``warehouse`` inside the caller's transaction.

    ``changes`` are those of the tables of lines; ``None``: anything may have changed. ``used_in`` names the charts of
    each metric for the catalogue. ``check`` is called when all is built, and before any reader has to wait.

    Raises ``SpecError`` when a twin's columns are not those of its SQL, or the server refuses its SQL, and
    ``CheckFailed`` when what others built would be dropped, unless ``cascade``.
    """
    _prepare(cursor)
    held, documents = _held(cursor), documentation(layer, used_in or {})
    wanted = {twin.relation: (definition(twin), documents[twin.relation]) for twin in layer.twins}
    changed = {name for name, (made, _) in wanted.items() if name not in held or held[name][0] != made}
    gone = sorted(held.keys() - wanted.keys())
    made = Beside(replaced=gone)
    whole = set(wanted) if changes is None else _standing_on(layer, changed)
    task = _Task(changed, whole, dict(changes or {}), made)
    rows = _write(cursor, layer, task, progress) if whole or changes else {}
    dropped = find_dependents(cursor, made.replaced, {*held, *wanted}) if made.replaced else []
    if dropped and not cascade:
        raise refuse_dependents(made.replaced, dropped)
    written = None if changes is None else task.changes.keys() & wanted.keys()
    built = Build(_way(changed | set(gone), wanted, changes, held == wanted), rows, made.names, dropped, written)
    check(built)
    if held != wanted:
        reworded = [twin for twin in layer.twins if held.get(twin.relation) != wanted[twin.relation]]
        _note(cursor, wanted, [twin for twin in reworded if twin.relation not in made.names])
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


def _way(changed: Collection[str], wanted: Collection[str], changes: Changes | None, is_said: bool) -> Way:
    if changes is None or len(changed) >= len(wanted):
        return "full"
    if changed:
        return "definitions"
    if changes:
        return "changes"
    return "nothing" if is_said else "documentation"


def definition(twin: Twin) -> str:
    """A digest of all that decides what rows the relation holds and how they are kept."""
    columns = [column.name for column in twin.columns]
    kept = (twin.object, twin.key, twin.indexes, sorted(twin.references.items()))
    decides = (twin.sql, *kept, columns)
    return sha256(repr(decides).encode()).hexdigest()


def _held(cursor: Cursor) -> dict[str, tuple[str, str]]:
    """The digests of definition and documentation of each relation that stands, as the last build noted them."""
    cursor.execute(
        "select relation, definition, documentation from rollup.definition where to_regclass(relation) is not null"
    )
    return {relation: (made, said) for relation, made, said in cursor.fetchall()}


def _note(cursor: Cursor, wanted: Mapping[str, tuple[str, str]], reworded: Sequence[Twin]) -> None:
    write_comments(cursor, reworded)
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
    """What to write: ``whole`` relations, because definitions ``changed``, and what ``changes`` reach in the others."""

    changed: Collection[str]
    whole: Collection[str]
    changes: dict[str, str | None]
    made: Beside
    narrow: set[str] = field(default_factory=set)


def _write(cursor: Cursor, layer: Layer, task: _Task, progress: Progress) -> dict[str, int]:
    rows: dict[str, int] = {}
    for schema, twins in _by_schema(layer):
        with progress.step(f"Build {schema}") as step:
            done = {twin.relation: _bring_up(cursor, twin, task) for twin in twins}
            rows |= {relation: count for relation, count in done.items() if count is not None}
            step.rows = sum(count or 0 for count in done.values())
            narrow = len(task.narrow.intersection(done))
            whole = sum(twin.relation in rows for twin in twins) - narrow
            parts = [f"{whole} relations whole"] if whole else []
            step.note = ", ".join([*parts, *([f"{narrow} by changed keys"] if narrow else [])])
    return rows


def _by_schema(layer: Layer) -> Iterable[tuple[str, list[Twin]]]:
    return [(schema, [twin for twin in layer.twins if twin.schema_name == schema]) for schema in SCHEMAS]


def _bring_up(cursor: Cursor, twin: Twin, task: _Task) -> int | None:
    """Write one relation; returns the rows that were computed, or ``None`` when there is nothing to write."""
    is_new = twin.relation in task.changed or not task.made.names.keys().isdisjoint(twin.reads)
    if is_new if twin.kind == "view" else twin.relation in task.whole:
        task.changes[twin.relation] = None
        return _compute(cursor, twin, task.made)
    reached = {relation: rows for relation, rows in task.changes.items() if relation in twin.reads}
    if reached and twin.kind == "view":
        task.changes[twin.relation] = None
    return _follow(cursor, twin, reached, task) if reached and twin.kind == "stored" else None


def _follow(cursor: Cursor, twin: Twin, reached: Changes, task: _Task) -> int | None:
    """Compute what the changed rows of its inputs reach, and write what differs."""
    keys = find_keys(cursor, twin, reached)
    if keys and not keys.count:
        return None
    query, within = _narrow(cursor, twin, keys, reached) if keys else (twin.sql, "true")
    if within != "true":
        task.narrow.add(twin.relation)
    cursor.execute(f"create temporary table fresh on commit drop as {query}")
    rows = cursor.rowcount
    cursor.execute("analyze fresh")
    if written := write_difference(cursor, twin.relation, twin.key, "fresh", within=within):
        task.changes[twin.relation] = written
    cursor.execute("drop table fresh")
    return rows


def _narrow(cursor: Cursor, twin: Twin, keys: Keys, reached: Changes) -> tuple[str, str]:
    """SQL of the rows of the keys, and of the condition on ``held`` that they fill."""
    if twin.adds_up:
        return summed(cursor, twin, keys, reached) or (twin.sql, "true")
    within = keys.holds("held", keys.columns)
    return f"select held.* from ({narrowed(cursor, twin, keys)}) as held where {within}", within


def _compute(cursor: Cursor, twin: Twin, made: Beside) -> int:
    """Compute the relation beside the one that stands. Where that one fits, it only gets the rows that differ."""
    table = beside(twin.relation)
    rows = _create(cursor, twin, table, renamed(twin.sql, made.names))
    stands, new = shape(cursor, twin.relation), shape(cursor, table)
    fits = stands is not None and new is not None and stands.fits(new)
    if fits and twin.kind == "stored":
        write_difference(cursor, twin.relation, twin.key, table)
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
