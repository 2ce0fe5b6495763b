"""The rows of a relation that a change of its inputs can reach: which they are, and the SQL that computes them alone.

``kept_by`` names the columns that partition a twin: its rows of one value depend only on input rows with that value.
The values in the changed input rows are therefore the ones to compute again, and an import CTE that has one of these
columns is read for them only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor

from bootstrap.lines import Changes
from bootstrap.semantic.spec import Twin
from bootstrap.semantic.statement import Import, imports, named, replaced

_SMALL = 10_000
"""A relation with fewer rows is read as a whole."""

_FEW, _MOST = 1000, 0.3
"""With more values than a few, and than this share of the rows, computing all of them is as fast."""


@dataclass(frozen=True)
class Keys:
    """The values to compute again, in the temporary table ``table``; ``empty`` are the columns that are null in some.

    ``least``: instead of these values, all from the least one on.
    """

    table: str
    columns: tuple[str, ...]
    empty: frozenset[str]
    count: int
    least: bool = False

    def holds(self, alias: str, columns: Sequence[str]) -> str:
        """SQL: whether the row ``alias`` has such a value in those of the key's columns that it has."""
        if self.least:
            return f"{alias}.{self.columns[0]} >= (select min({self.columns[0]}) from {self.table})"
        named = ", ".join(f"{alias}.{column}" for column in columns)
        known = f"({named}) in (select {', '.join(columns)} from {self.table})"
        if not self.empty.intersection(columns):
            return known
        if len(columns) == 1:
            return f"({known} or {named} is null)"
        same = " and ".join(f"one.{column} is not distinct from {alias}.{column}" for column in columns)
        return f"exists (select from {self.table} as one where {same})"


def find_keys(cursor: Cursor, twin: Twin, changes: Changes) -> Keys | None:
    """The values of ``twin.kept_by`` that ``changes`` reach, or ``None`` where all rows have to be computed."""
    if not twin.kept_by or None in changes.values() or not set(changes).isdisjoint(_read_otherwise(twin)):
        return None
    seen = [rows for one in imports(twin.sql) if one.relation in changes if (rows := _seen(cursor, one, changes))]
    sources = [_values(cursor, twin, *rows) for rows in seen]
    if None in sources:
        return None
    table, columns = f"keys_{twin.name}", ", ".join(twin.kept_by)
    if not sources:
        return Keys(table, twin.kept_by, frozenset(), 0)
    # What is in the key is never empty, so no row follows from inputs where it is.
    known = " and ".join(f"{column} is not null" for column in twin.kept_by if column in twin.key) or "true"
    union = " union all ".join(str(source) for source in sources)
    cursor.execute(
        f"drop table if exists pg_temp.{table}; "
        f"create temporary table {table} on commit drop as select distinct {columns} from ({union}) as changed "
        f"where {known}"
    )
    count = cursor.rowcount
    cursor.execute(f"analyze {table}")
    if count > max(_FEW, _MOST * rows_of(cursor, twin.relation)) and not twin.looks_back and not twin.adds_up:
        return None
    nulls = ", ".join(f"bool_or({column} is null)" for column in twin.kept_by)
    cursor.execute(f"select {nulls} from {table}")
    empty = [column for column, some in zip(twin.kept_by, cursor.fetchone() or (), strict=True) if some]
    return Keys(table, twin.kept_by, frozenset(empty), count, twin.looks_back)


def narrowed(cursor: Cursor, twin: Twin, keys: Keys) -> str:
    """The SQL of ``twin``, whose large imports are read for the values of ``keys`` alone.

    Their rows are put into temporary tables: of a condition on many values the server guesses the rows wrongly, and
    plans what is joined to them as wrongly.
    """
    return twin.sql if keys.least else replaced(twin.sql, narrow_imports(cursor, twin, keys))


def narrow_imports(cursor: Cursor, twin: Twin, keys: Keys) -> dict[Import, str]:
    """The temporary tables with the rows of large imports that have the values of ``keys``."""
    texts = {}
    for number, one in enumerate(imports(twin.sql)):
        shared = [column for column in keys.columns if column in columns_of(cursor, one.relation)]
        if shared and rows_of(cursor, one.relation) > _SMALL:
            texts[one] = f"narrow_{number}"
            cursor.execute(
                f"drop table if exists pg_temp.{texts[one]}; create temporary table {texts[one]} on commit drop as "
                f"select * from {one.relation} as own where {keys.holds('own', shared)}; analyze {texts[one]}"
            )
    return texts


def rows_of(cursor: Cursor, relation: str) -> float:
    """As the server last counted or estimated them."""
    cursor.execute("select greatest(reltuples, 0) from pg_class where oid = %s::regclass", [relation])
    return float((cursor.fetchone() or (0,))[0])


def columns_of(cursor: Cursor, relation: str) -> list[str]:
    """The names of the columns of a relation."""
    cursor.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped "
        "order by attnum",
        [relation],
    )
    return [name for (name,) in cursor.fetchall()]


def _read_otherwise(twin: Twin) -> Iterator[str]:
    """Relations that the twin reads in other places than an import CTE."""
    imported = {one.start for one in imports(twin.sql)}
    yield from (place.relation for place in named(twin.sql) if place.start not in imported)


def _seen(cursor: Cursor, one: Import, changes: Changes) -> tuple[Import, list[str], str] | None:
    """Columns and SQL of the changed rows of an import; ``None`` where only columns changed that it does not read."""
    table = str(changes[one.relation])
    has = [column for column in columns_of(cursor, table) if column != "is_new"]
    if not one.columns:
        return one, has, f"(select * from {table}) as changed"
    has = [column for column in has if column in one.columns]
    old, new = (f"select {', '.join(has)} from {table} where {which} is_new" for which in ("not", ""))
    rows = f"(({old} except all {new}) union all ({new} except all {old})) as changed"
    cursor.execute(f"select exists (select from {rows})")
    return (one, has, rows) if cursor.fetchone() == (True,) else None


def _values(cursor: Cursor, twin: Twin, one: Import, has: list[str], rows: str) -> str | None:
    """SQL: the values of ``twin.kept_by`` that these rows of one import reach; ``None`` where that cannot be said."""
    columns = ", ".join(twin.kept_by)
    if set(twin.kept_by) <= set(has):
        held = f" where ({columns}) in (select {columns} from {twin.relation})" if one.relation in twin.joins else ""
        return f"select {columns} from {rows}{held}"
    way, key = twin.through.get(one.relation, twin.relation), _key(cursor, one.relation)
    known = {*columns_of(cursor, way)}
    if not key or not set(key) <= {*has} & known or not known.issuperset(twin.kept_by):
        return None
    return f"select {columns} from {way} where ({', '.join(key)}) in (select {', '.join(key)} from {rows})"


def _key(cursor: Cursor, relation: str) -> list[str]:
    """The columns of its primary key."""
    cursor.execute(
        "select attname from pg_index inner join pg_attribute on attrelid = indrelid and attnum = any(indkey) "
        "where indrelid = %s::regclass and indisprimary",
        [relation],
    )
    return [name for (name,) in cursor.fetchall()]
