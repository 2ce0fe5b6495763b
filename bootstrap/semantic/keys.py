"""Declares the keys of stored relations, so that tools can read how relations join.

A foreign key is declared and not enforced, so that no build waits for it; ``reference_checks`` are the contracts that
say whether it holds.
"""

from psycopg2 import IntegrityError
from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import SpecError
from bootstrap.semantic.spec import Check, Layer, Twin


def add_primary_key(cursor: Cursor, twin: Twin) -> None:
    """Raises ``SpecError`` when the key does not tell the rows apart."""
    name, columns = f"{twin.name}_pkey", ", ".join(twin.key)
    try:
        cursor.execute(f"alter table {twin.relation} add constraint {name} primary key ({columns})")
    except IntegrityError as error:
        said = error.diag.message_detail or error.diag.message_primary
        raise SpecError(
            f"the key ({columns}) does not tell the rows of {twin.relation} apart: {said} Fix the key, or the SQL.",
            path=twin.path,
            field="key",
        ) from error


def add_foreign_keys(cursor: Cursor, layer: Layer, twin: Twin) -> None:
    """Those to other stored relations; a view can neither have a key nor be referred to in PostgreSQL.

    Servers before 18 know none that are not enforced, and enforced ones would slow down every build: they get none.
    """
    if cursor.connection.server_version < 180000:
        return
    for column, relation, key in _stored_references(layer, twin):
        cursor.execute(
            f"alter table {twin.relation} add constraint {twin.name}_{column}_fkey"
            f" foreign key ({column}) references {relation} ({key}) not enforced"
        )


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
