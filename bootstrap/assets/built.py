"""What the warehouse has built of the relations that become datasets, as the reading role sees it."""

from collections.abc import Iterable

from bootstrap.assets.assets import Types
from bootstrap.connection import connected
from bootstrap.semantic.spec import Twin


def column_types(reader_url: str, twins: Iterable[Twin]) -> Types:
    """(relation, column) to SQL type in capitals, as the reading role sees them; nothing for what is not there.

    Raises ``Unreachable`` when the warehouse does not answer.
    """
    query = """
        select n.nspname || '.' || c.relname, a.attname, upper(format_type(a.atttypid, null))
        from pg_attribute as a
        inner join pg_class as c on c.oid = a.attrelid
        inner join pg_namespace as n on n.oid = c.relnamespace
        where a.attnum > 0 and not a.attisdropped and n.nspname || '.' || c.relname = any(%s)
    """
    with connected(reader_url) as connection, connection.cursor() as cursor:
        cursor.execute(query, [[twin.relation for twin in twins]])
        return {(relation, name): kind for relation, name, kind in cursor.fetchall()}


def unbuilt(twins: Iterable[Twin], types: Types) -> list[str]:
    """The relations of twins that the warehouse does not have, and the columns that its relations lack."""
    built = {relation for relation, _ in types}
    lacking = {
        twin.relation: [column.name for column in twin.columns if (twin.relation, column.name) not in types]
        for twin in twins
    }
    return [
        place
        for relation, names in lacking.items()
        for place in ([f"{relation}.{name}" for name in names] if relation in built else [relation])
    ]
