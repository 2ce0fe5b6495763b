"""Keeps what changes of lines replace, so that the newest of them can be undone.

Each change has a row in ``warehouse_before.change``: the days that it replaced, whose lines as they were before are in
its partition, and which files landing had. A landing that was replaced whole is kept as a schema of its own, and a file
that was taken out of one in ``landing_before``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from psycopg2.extensions import cursor as Cursor

from warehouse.changes import days_of
from warehouse.queries import query


@dataclass(frozen=True)
class Change:
    """One change of lines; ``generation`` and ``files`` are what landing was before it."""

    change_id: int
    receipt_id: int
    days: list[date]
    generation: int
    files: list[int]


def note_landing(cursor: Cursor) -> None:
    """Note what landing holds, before a change touches it."""
    cursor.execute(
        "drop table if exists pg_temp.landing_was; create temporary table landing_was on commit drop as "
        "select coalesce(max(generation), 0) as generation, "
        "coalesce(array_agg(load_id order by load_id), '{}') as files from landing.source"
    )


def take_days(cursor: Cursor, days: Sequence[date]) -> int:
    """Take the lines of ``days`` out of the warehouse and keep them; the number of this change."""
    cursor.execute(
        "insert into warehouse_before.change (days, generation, files) "
        "select %s::date[], generation, files from landing_was returning change_id",
        [list(days)],
    )
    (change,) = cursor.fetchone() or (0,)
    cursor.execute(
        query("take_days", change=str(change), **_columns(cursor, "warehouse", "line", "day")), days_of(days)
    )
    return int(change)


def newest_change(cursor: Cursor) -> int:
    """The number of the change that was made last."""
    cursor.execute("select coalesce(max(change_id), 0) from warehouse_before.change")
    return int((cursor.fetchone() or (0,))[0])


def read_changes(cursor: Cursor) -> list[Change]:
    """Those that can be undone, the newest first: before the first one there were no lines."""
    cursor.execute(
        "select change_id, receipt_id, days, generation, files from warehouse_before.change "
        "where receipt_id is not null order by change_id desc"
    )
    return [Change(*row) for row in cursor.fetchall()]


def put_days_back(cursor: Cursor, undone: Sequence[Change]) -> None:
    """Put the lines back that ``undone``, the newest changes but for the one under way, replaced."""
    span = {"oldest": undone[-1].change_id, "newest": undone[0].change_id}
    cursor.execute(query("put_days_back", **_columns(cursor, "warehouse", "line", "day")), span)


def put_landing_back(cursor: Cursor, before: Change) -> None:
    """Landing becomes what it was before this change; what it is now is kept."""
    cursor.execute("select max(generation) from landing.source")
    (now,) = cursor.fetchone() or (None,)
    if now != before.generation:
        cursor.execute(
            f"alter schema landing rename to landing_before_{now}; "
            f"alter schema landing_before_{before.generation} rename to landing"
        )
    cursor.execute("select array_agg(load_id) from landing.source")
    (held,) = cursor.fetchone() or ([],)
    _move(cursor, sorted(set(held) - set(before.files)), before.generation, origin="landing", target="landing_before")
    _move(cursor, sorted(set(before.files) - set(held)), before.generation, origin="landing_before", target="landing")


def sign(cursor: Cursor, receipt_id: int, *, most: int) -> None:
    """Note which receipt tells of the change that was made, and let go of what is older than the ``most`` newest."""
    cursor.execute("update warehouse_before.change set receipt_id = %s where receipt_id is null", [receipt_id])
    if not cursor.rowcount:
        return
    cursor.execute(
        "delete from warehouse_before.change where change_id not in "
        "(select change_id from warehouse_before.change order by change_id desc limit %s) returning change_id",
        [most],
    )
    for (change,) in cursor.fetchall():
        cursor.execute(f"drop table warehouse_before.line_{change}, warehouse_before.day_{change}")
    _forget_landings(cursor)


def _forget_landings(cursor: Cursor) -> None:
    """Let go of landings, and of files taken out, that no change would bring back."""
    cursor.execute(
        "select nspname from pg_namespace where nspname ~ '^landing_before_[0-9]+$' and "
        "substr(nspname, 16)::bigint not in (select generation from warehouse_before.change)"
    )
    for (schema,) in cursor.fetchall():
        cursor.execute(f"drop schema {schema} cascade")
    for table in ("source", "line", "reject"):
        cursor.execute(
            f"delete from landing_before.{table} as held where not exists (select from warehouse_before.change "
            "where change.generation = held.generation and held.load_id = any(change.files))"
        )


def _move(cursor: Cursor, files: list[int], generation: int, *, origin: str, target: str) -> None:
    if not files:
        return
    columns = _columns(cursor, "landing", "source", "line", "reject")
    is_out = target == "landing_before"
    parts = {"of_generation": "true" if is_out else "generation = %(generation)s"}
    for table in ("line", "reject"):
        parts[f"{table}_target"] = columns[f"{table}_columns"] + (", generation" if is_out else "")
        parts[f"{table}_values"] = columns[f"{table}_columns"] + (", %(generation)s" if is_out else "")
    statement = query("move_files", origin=origin, target=target, **parts, **columns)
    cursor.execute(statement, {"files": files, "generation": generation})


def _columns(cursor: Cursor, schema: str, *tables: str) -> dict[str, str]:
    """The columns of each table, by name: what is kept of it has more, and maybe in another order."""
    cursor.execute(
        "select relname || '_columns', string_agg(quote_ident(attname), ', ' order by attnum) "
        "from pg_class inner join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped "
        "where relnamespace = %s::regnamespace and relname = any(%s) and relkind = 'r' group by relname",
        [schema, list(tables)],
    )
    return dict(cursor.fetchall())
