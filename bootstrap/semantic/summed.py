"""The rows of a relation that adds up, after a change: what changed keys gave is taken off, what they give now put on.

The keys of such a relation, say people, need not be columns of it: a row is a sum over many of them, and only what a
few contribute is computed, once on the inputs as they were and once as they are.
"""

from collections.abc import Mapping

from psycopg2.extensions import cursor as Cursor

from bootstrap.lines import Changes
from bootstrap.semantic.exchange import shape
from bootstrap.semantic.narrowed import Keys, columns_of, narrow_imports, rows_of
from bootstrap.semantic.spec import Twin
from bootstrap.semantic.statement import Import, imports, replaced

_MOST = 0.3
"""With a larger share of an input to look at, computing everything is as fast."""


def summed(cursor: Cursor, twin: Twin, keys: Keys, changes: Changes) -> tuple[str, str] | None:
    """SQL of the rows that ``keys`` reach, as they are after ``changes``, and of the condition on ``held`` they fill.

    ``None`` where the keys reach so much that the relation should be computed whole.
    """
    new = narrow_imports(cursor, twin, keys)
    if any(rows_of(cursor, table) > _MOST * rows_of(cursor, one.relation) for one, table in new.items()):
        return None
    old = {**new, **_as_they_were(cursor, twin, keys, new, changes)}
    for name, texts in (("new", new), ("old", old)):
        cursor.execute(
            f"drop table if exists pg_temp.{name}_part; "
            f"create temporary table {name}_part on commit drop as {replaced(twin.sql, texts)}"
        )
    cursor.execute(
        "drop table if exists pg_temp.part; create temporary table part on commit drop as "
        "(select *, true as is_new from (table new_part except all table old_part) as came) union all "
        "(select *, false from (table old_part except all table new_part) as went); analyze part"
    )
    key = ", ".join(twin.key)
    return _total(cursor, twin), f"({', '.join(f'held.{name}' for name in twin.key)}) in (select {key} from part)"


def _as_they_were(
    cursor: Cursor, twin: Twin, keys: Keys, new: Mapping[Import, str], changes: Changes
) -> Mapping[Import, str]:
    """The temporary tables with the rows of changed imports before the change."""
    tables = {}
    for number, one in enumerate(found for found in imports(twin.sql) if found.relation in changes):
        tables[one] = f"before_{number}"
        changed = str(changes[one.relation])
        columns = [name for name in columns_of(cursor, changed) if name != "is_new"]
        shared = [name for name in keys.columns if name in columns] if one in new else []
        within = keys.holds("changed", shared) if shared else "true"
        listed = ", ".join(columns)
        rows = f"select {listed} from {changed} as changed where {within} and"
        cursor.execute(
            f"drop table if exists pg_temp.{tables[one]}; create temporary table {tables[one]} on commit drop as "
            f"(select {listed} from {new.get(one, one.relation)} except all {rows} is_new) "
            f"union all {rows} not is_new; analyze {tables[one]}"
        )
    return tables


def _total(cursor: Cursor, twin: Twin) -> str:
    """What is held, with the parts added. Columns that are no sums follow from the key, and are as the newest part."""
    found = shape(cursor, twin.relation)
    types = dict(found.columns) if found else {}
    measures = {column.name for column in twin.columns if column.role == "measure"}

    def column(name: str) -> str:
        if name in twin.key:
            return f"part.{name}"
        if name in measures:
            change = f"sum(case when part.is_new then part.{name} else -part.{name} end)"
            total = f"coalesce(any_value(held.{name}), 0) + {change}"
            # or the digits of 2.50 - 0.50 would tell in what order it came about
            return f"{f'trim_scale({total})' if types[name] == 'numeric' else f'({total})::{types[name]}'} as {name}"
        newest = f"any_value(part.{name}) filter (where part.is_new)"
        return f"case when bool_or(part.is_new) then {newest} else any_value(held.{name}) end as {name}"

    same = " and ".join(f"part.{name} = held.{name}" for name in twin.key)
    columns = ", ".join(column(one.name) for one in twin.columns)
    key = ", ".join(f"part.{name}" for name in twin.key)
    return (
        f"select * from (select {columns} from part left join {twin.relation} as held on {same} group by {key}) "
        f"as total where total.{twin.adds_up} <> 0"
    )
