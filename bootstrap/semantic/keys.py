"""Declares the keys of stored relations, so that tools can read how relations join.

A foreign key is declared and not enforced, so that no build waits for it; ``reference_checks`` are the contracts that
say whether it holds.
"""

from psycopg2 import IntegrityError
from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import SpecError
from bootstrap.semantic.spec import SCHEMAS, Check, Layer, Twin

_DECLARED = """
    select
        held.relnamespace::regnamespace || '.' || held.relname, own.attname,
        other.relnamespace::regnamespace || '.' || other.relname, target.attname
    from pg_constraint
    inner join pg_class as held on conrelid = held.oid
    inner join pg_class as other on confrelid = other.oid
    inner join pg_attribute as own on own.attrelid = held.oid and own.attnum = conkey[1]
    inner join pg_attribute as target on target.attrelid = other.oid and target.attnum = confkey[1]
    where contype = 'f' and held.relnamespace = any(%s::regnamespace[])
"""
"""Relation, column, other relation and its key of each foreign key that is declared."""


def add_primary_key(cursor: Cursor, twin: Twin, table: str) -> None:
    """Declare it on ``table``, which holds the rows. Raises ``SpecError`` when it does not tell them apart."""
    name, columns = f"{twin.name}_pkey", ", ".join(twin.key)
    try:
        cursor.execute(f"alter table {table} add constraint {name} primary key ({columns})")
    except IntegrityError as error:
        said = error.diag.message_detail or error.diag.message_primary
        raise SpecError(
            f"the key ({columns}) does not tell the rows of {twin.relation} apart: {said} Fix the key, or the SQL.",
            path=twin.path,
            field="key",
        ) from error


def declare_foreign_keys(cursor: Cursor, layer: Layer) -> None:
    """Those to other stored relations; a view can neither have a key nor be referred to in PostgreSQL.

    Servers before 18 know none that are not enforced, and enforced ones would slow down every build: they get none.
    """
    if cursor.connection.server_version < 180000:
        return
    cursor.execute(_DECLARED, [list(SCHEMAS)])
    held: set[tuple[str, ...]] = set(cursor.fetchall())
    wanted = {(twin.relation, *one) for twin in layer.twins for one in _stored_references(layer, twin)}
    for relation, column, _, _ in sorted(held - wanted):
        cursor.execute(f"alter table {relation} drop constraint {_key_name(relation, column)}")
    for relation, column, other, key in sorted(wanted - held):
        cursor.execute(
            f"alter table {relation} add constraint {_key_name(relation, column)}"
            f" foreign key ({column}) references {other} ({key}) not enforced"
        )


def _key_name(relation: str, column: str) -> str:
    return f"{relation.partition('.')[2]}_{column}_fkey"


def reference_checks(layer: Layer, twin: Twin) -> list[Check]:
    """A contract for each foreign key: an inner join along it loses no row."""
    return [
        Check(
            name=f"{column} is in {relation}",
            description=f"each {column} that is known is a {key} of {relation}",
            sql=f"select distinct held.{column} from {twin.relation} as held where held.{column} is not null"
            f" and not exists (select from {relation} as other where other.{key} = held.{column})",
        )
        for column, relation, key in _stored_references(layer, twin)
    ]


def _stored_references(layer: Layer, twin: Twin) -> list[tuple[str, str, str]]:
    """Column, other relation and its key."""
    split = [(column, *target.rpartition(".")[::2]) for column, target in twin.references.items()]
    return [one for one in split if twin.kind == "stored" and layer.twin(one[1]).kind == "stored"]
