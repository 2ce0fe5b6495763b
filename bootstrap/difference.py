"""Writes the rows in which a relation differs from what it should hold, and keeps them to see what follows."""

from collections.abc import Sequence

from psycopg2.extensions import cursor as Cursor


def changed_rows(relation: str) -> str:
    """The name of the temporary table with the rows of ``relation`` that went (``is_new`` false) and that came."""
    return f"changed_{relation.replace('.', '_')}"


def write_difference(
    cursor: Cursor, relation: str, key: Sequence[str], source: str, *, within: str = "true"
) -> str | None:
    """Write the rows of ``source`` that ``relation`` lacks, and take out those that ``source`` lacks.

    ``within`` is a condition on ``held``: rows outside of it stay. Returns the table of ``changed_rows``, or ``None``
    where nothing differs.
    """
    changed = changed_rows(relation)
    same = " and ".join(f"fresh.{name} = held.{name}" for name in key)
    kept = f"select from {source} as fresh where {same} and fresh.* operator(pg_catalog.*=) held.*"
    known = f"select from {relation} as held where {same}"
    cursor.execute(
        f"drop table if exists pg_temp.{changed}; "
        f"create temporary table {changed} on commit drop as select *, true as is_new from {relation} limit 0"
    )
    cursor.execute(
        f"with gone as (delete from {relation} as held where {within} and not exists ({kept}) returning held.*) "
        f"insert into {changed} select *, false from gone"
    )
    gone = cursor.rowcount
    cursor.execute(
        f"with new as (insert into {relation} select * from {source} as fresh where not exists ({known}) returning *) "
        f"insert into {changed} select *, true from new"
    )
    if not gone + cursor.rowcount:
        return None
    cursor.execute(f"analyze {changed}")
    return changed
