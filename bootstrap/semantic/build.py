"""Makes the relations of the layer in PostgreSQL, all afresh or only the months that changed.

Both ways leave readers alone. A full build makes new schemas and moves the old ones aside, which no reader sees before
the commit; ``retire`` drops the old ones afterwards. A build by month writes only the rows that differ. Either way the
caller's transaction decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Literal

from psycopg2 import DatabaseError, DataError, ProgrammingError, errors, sql
from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import SpecError
from bootstrap.progress import Progress
from bootstrap.semantic.comments import documentation, write_comments
from bootstrap.semantic.document import nearest
from bootstrap.semantic.keys import add_foreign_keys, add_primary_key
from bootstrap.semantic.spec import SCHEMAS, Layer, Twin

Way = Literal["full", "months", "documentation", "nothing"]


@dataclass(frozen=True)
class Build:
    """What a build did. ``rows`` is how many rows each stored relation holds that was written."""

    way: Way
    rows: Mapping[str, int]

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
) -> Build:
    """Bring the relations up to the lines of ``warehouse`` inside the caller's transaction.

    ``months`` are those whose lines changed, ``None`` stands for all. When a definition changed, or nothing stands
    yet, all is built afresh. ``used_in`` names the charts of each metric for the catalogue. Call ``retire`` after the
    commit. Raises ``SpecError`` when a twin's columns are not those of its SQL, or the server refuses its SQL.
    """
    cursor.execute(
        "set local work_mem = '128MB'; set local jit = off; "
        "set local parallel_setup_cost = 10; set local parallel_tuple_cost = 0.001"
    )
    built = _built(cursor)
    definitions = {twin.relation: definition(twin) for twin in layer.twins}
    documents = documentation(layer, used_in or {})
    rows: dict[str, int] = {}
    way: Way = "nothing"
    if months is None or {name: made for name, (made, _) in built.items()} != definitions:
        rows, way, built = _afresh(cursor, layer, progress), "full", {}
    elif months:
        rows, way = _by_month(cursor, layer, months, progress), "months"
    if {name: said for name, (_, said) in built.items()} != documents:
        write_comments(cursor, layer, used_in or {})
        _note(cursor, definitions, documents)
        way = "documentation" if way == "nothing" else way
    return Build(way, rows)


def retire(cursor: Cursor) -> bool:
    """Drop what a full build moved aside. After its commit nobody new reads it, so nobody waits for this.

    False when somebody has been reading it for longer than two seconds: the next full build drops it then.
    """
    cursor.execute("savepoint retire; set local lock_timeout = '2s'")
    try:
        _drop_old(cursor)
    except errors.LockNotAvailable:
        cursor.execute("rollback to savepoint retire")
        return False
    return True


def _drop_old(cursor: Cursor) -> None:
    for schema in SCHEMAS:
        cursor.execute(f"drop schema if exists {schema}_old cascade")


def definition(twin: Twin) -> str:
    """A digest of all that decides what rows the relation holds and how they are kept."""
    columns = [column.name for column in twin.columns]
    kept = (twin.object, twin.kept_by, twin.looks_back, twin.key, twin.indexes, sorted(twin.references.items()))
    decides = (twin.sql, *kept, columns)
    return sha256(repr(decides).encode()).hexdigest()


def _built(cursor: Cursor) -> dict[str, tuple[str, str]]:
    """The digests of definition and documentation by relation, as the last build noted them."""
    cursor.execute("select to_regclass('rollup.definition') is not null")
    if not (cursor.fetchone() or [False])[0]:
        return {}
    cursor.execute("select relation, definition, documentation from rollup.definition")
    return {relation: (made, said) for relation, made, said in cursor.fetchall()}


def _note(cursor: Cursor, definitions: Mapping[str, str], documents: Mapping[str, str]) -> None:
    cursor.execute("delete from rollup.definition")
    for relation, made in definitions.items():
        cursor.execute("insert into rollup.definition values (%s, %s, %s)", [relation, made, documents[relation]])


def _afresh(cursor: Cursor, layer: Layer, progress: Progress) -> dict[str, int]:
    _drop_old(cursor)
    for schema in SCHEMAS:
        cursor.execute("select 1 from pg_namespace where nspname = %s", [schema])
        if cursor.fetchone():
            cursor.execute(f"alter schema {schema} rename to {schema}_old")
        cursor.execute(f"create schema {schema}")
    cursor.execute(
        "create table rollup.definition (relation text primary key, definition text, documentation text);"
        "create table rollup.metric (metric text primary key, label text not null, formula text not null,"
        " unit text not null, description text not null, owner text not null, is_certified boolean not null,"
        " is_additive boolean not null, where_used text not null, warning text);"
        "create table rollup.mart_column (relation text, column_name text, position integer not null,"
        " label text not null, description text not null, role text not null, data_type text not null, format text,"
        " currency text, is_additive boolean, refers_to text, primary key (relation, column_name))"
    )
    rows = {}
    for schema, twins in _by_schema(layer):
        with progress.step(f"Build {schema}") as step:
            for twin in twins:
                rows[twin.relation] = _create(cursor, twin)
            step.rows, step.note = sum(rows[twin.relation] for twin in twins), f"{len(twins)} relations, afresh"
    for twin in layer.twins:
        add_foreign_keys(cursor, layer, twin)
    return rows


def _by_schema(layer: Layer) -> Iterable[tuple[str, list[Twin]]]:
    return [(schema, [twin for twin in layer.twins if twin.schema_name == schema]) for schema in SCHEMAS]


def _create(cursor: Cursor, twin: Twin) -> int:
    """Make one relation; returns its rows, 0 for a view."""
    head = f"create {twin.object} {twin.relation} as "
    try:
        cursor.execute(head + twin.sql)
    except (ProgrammingError, DataError) as error:
        raise _sql_error(twin, error, len(head)) from error
    rows = max(cursor.rowcount, 0)
    _check_columns(cursor, twin)
    if twin.kind == "stored":
        add_primary_key(cursor, twin)
        for index in twin.indexes:
            cursor.execute(f"create index on {twin.relation} ({', '.join(index)})")
        cursor.execute(f"analyze {twin.relation}")
    return rows


def _sql_error(twin: Twin, error: DatabaseError, offset: int) -> SpecError:
    """What the server says, at the line it means. ``offset`` is how many characters went before the twin's SQL."""
    position = int(error.diag.statement_position or 0) - offset
    line = twin.sql.count("\n", 0, position) + 1 if position > 0 else None
    return SpecError(f"{error.diag.message_primary}. Fix the SQL.", path=twin.path.with_suffix(".sql"), line=line)


def _check_columns(cursor: Cursor, twin: Twin) -> None:
    cursor.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 order by attnum", [twin.relation]
    )
    made, said = [name for (name,) in cursor.fetchall()], [column.name for column in twin.columns]
    for name in said:
        if name not in made:
            raise SpecError(
                f'"{name}" is not a column of the SQL. {nearest(name, made)}', path=twin.path, field="columns"
            )
    if made != said:
        raise SpecError(
            f"the SQL gives {', '.join(made)}. List the same, in that order.", path=twin.path, field="columns"
        )


def _by_month(cursor: Cursor, layer: Layer, months: Sequence[date], progress: Progress) -> dict[str, int]:
    rows = {}
    for schema, twins in _by_schema(layer):
        with progress.step(f"Build {schema}") as step:
            stored = [twin for twin in twins if twin.kind == "stored"]
            for twin in stored:
                rows[twin.relation] = _replace(cursor, twin, months) if twin.kept_by else _refresh(cursor, twin)
            step.rows = sum(rows[twin.relation] for twin in stored)
            step.note = f"{len(stored)} relations, {len(months)} months"
    return rows


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
    table, same = twin.relation, " and ".join(f"fresh.{name} = held.{name}" for name in twin.key)
    cursor.execute(f"create temporary table fresh on commit drop as {twin.sql}")
    rows = cursor.rowcount
    cursor.execute("analyze fresh")
    kept = f"select from fresh where {same} and fresh.* operator(pg_catalog.*=) held.*"
    cursor.execute(f"delete from {table} as held where not exists ({kept})")
    held = f"select from {table} as held where {same}"
    cursor.execute(f"insert into {table} select * from fresh where not exists ({held})")
    cursor.execute(f"drop table fresh; analyze {table}")
    return rows
