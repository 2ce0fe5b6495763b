"""Puts relations that were built beside those that stand in their place, at the end of a transaction.

A relation is exchanged alone, and only where its rows cannot be written in place: a view, a new column, another key.
What others built on any other relation is not touched by it. Whoever reads a relation that is exchanged waits from
here to the commit, which is a moment; and whoever has been reading it for long is waited for in short attempts, so
that nobody queues behind this transaction meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from psycopg2 import errors
from psycopg2.extensions import cursor as Cursor
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bootstrap.semantic.keys import declare_foreign_keys
from bootstrap.semantic.spec import SCHEMAS, Layer

_GRANTS = """
    select c.oid::regclass::text, granted.attname, format(
        'grant %%s on %%s to %%s%%s',
        granted.privilege_type || coalesce(' (' || quote_ident(granted.attname) || ')', ''),
        c.oid::regclass,
        case granted.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(granted.grantee)) end,
        case when granted.is_grantable then ' with grant option' else '' end
    )
    from pg_class as c
    cross join lateral (
        select null as attname, acl.* from aclexplode(c.relacl) as acl
        union all
        select a.attname, acl.* from pg_attribute as a cross join aclexplode(a.attacl) as acl where a.attrelid = c.oid
    ) as granted
    where c.oid = any(%s::regclass[]) and granted.grantee <> c.relowner
"""
_COLUMNS = """
    select attname, format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum
"""
_OBJECT = """
    select relkind, (
        select array_agg(attname order by position)
        from pg_index
        cross join unnest(indkey::smallint[]) with ordinality as part (attnum, position)
        inner join pg_attribute on attrelid = indrelid and pg_attribute.attnum = part.attnum
        where indrelid = pg_class.oid and indisprimary
    )
    from pg_class where oid = to_regclass(%s)
"""


@dataclass(frozen=True)
class Shape:
    """What decides whether one relation can go on under the name of another: kind, key, names and types of columns."""

    kind: str
    key: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]

    def fits(self, new: "Shape") -> bool:
        """Whether what stands can hold what the ``new`` one does; a view can also take further columns at its end."""
        further = self.columns == new.columns[: len(self.columns)] and self.kind == "v"
        return (self.kind, self.key) == (new.kind, new.key) and (self.columns == new.columns or further)


@dataclass
class Beside:
    """Relations that were built beside those that stand, until they are exchanged.

    ``names`` says where each is. ``replaced`` are those that stand and cannot go on.
    """

    names: dict[str, str] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)


def beside(relation: str) -> str:
    """Where a relation is built before it takes its place."""
    schema, _, name = relation.partition(".")
    return f"{schema}_new.{name}"


def shape(cursor: Cursor, relation: str) -> Shape | None:
    """The shape of what stands under the name, if anything does."""
    cursor.execute(_OBJECT, [relation])
    found = cursor.fetchone()
    if found is None:
        return None
    cursor.execute(_COLUMNS, [relation])
    return Shape(found[0], tuple(found[1] or ()), tuple(cursor.fetchall()))


def exchange(cursor: Cursor, layer: Layer, built: Beside) -> None:
    """Let what was built ``beside`` take its place, with the grants of what it replaces.

    Raises ``errors.LockNotAvailable`` when somebody reads one of them for longer than the connection's lock_timeout.
    """
    cursor.execute("select extract(epoch from current_setting('lock_timeout')::interval)")
    (seconds,) = cursor.fetchone() or (0,)
    attempts = Retrying(
        retry=retry_if_exception_type(errors.LockNotAvailable),
        stop=stop_after_delay(float(seconds or 30)),
        wait=wait_fixed(0.3),
        reraise=True,
    )
    attempts(_attempt, cursor, layer, built)


def _attempt(cursor: Cursor, layer: Layer, built: Beside) -> None:
    """One that gives up at once, and lets go of the locks that it has by then."""
    cursor.execute("savepoint exchange; set local lock_timeout = '200ms'")
    try:
        _exchange(cursor, layer, built)
    except errors.LockNotAvailable:
        cursor.execute("rollback to savepoint exchange")
        raise
    cursor.execute("release savepoint exchange; set local lock_timeout to default")


def _exchange(cursor: Cursor, layer: Layer, built: Beside) -> None:
    grants = _grants(cursor, built.replaced)
    for schema in SCHEMAS:  # versions before this one left schemas of that name behind where somebody was reading
        cursor.execute(f"drop schema if exists {schema}_old cascade; create schema {schema}_old")
    for relation in built.replaced:
        cursor.execute(f"alter table {relation} set schema {relation.partition('.')[0]}_old")
    for twin in (twin for twin in layer.twins if twin.relation in built.names):
        if twin.kind == "view":
            cursor.execute(f"create or replace view {twin.relation} as {twin.sql}")
        else:
            cursor.execute(f"alter table {built.names[twin.relation]} set schema {twin.schema_name}")
    for schema in SCHEMAS:
        cursor.execute(f"drop schema {schema}_old cascade; drop schema if exists {schema}_new cascade")
    declare_foreign_keys(cursor, layer)
    _grant(cursor, grants)


def _grants(cursor: Cursor, relations: Sequence[str]) -> Mapping[tuple[str, str | None], list[str]]:
    """The statements that give again what is granted on ``relations``, by relation and column."""
    cursor.execute(_GRANTS, [list(relations)])
    found: dict[tuple[str, str | None], list[str]] = {}
    for relation, column, statement in cursor.fetchall():
        found.setdefault((relation, column), []).append(statement)
    return found


def _grant(cursor: Cursor, grants: Mapping[tuple[str, str | None], list[str]]) -> None:
    """Give again what still can be given: a column or a relation may be gone."""
    for (relation, column), statements in grants.items():
        cursor.execute(_COLUMNS, [relation])
        names = [name for name, _ in cursor.fetchall()]
        if names and (column is None or column in names):
            cursor.execute("; ".join(statements))
