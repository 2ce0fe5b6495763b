"""Which relations a statement reads, and where it names them: by its tree, so comments and capitals do not matter."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError


class NotSql(ValueError):
    """The text is not SQL that can be read. ``line`` is the 1-based line, where the parser knows it."""

    def __init__(self, message: str, line: int | None = None) -> None:
        self.line = line
        super().__init__(message)


@dataclass(frozen=True)
class Named:
    """One place that names a relation with its schema; ``start`` and ``end`` are positions in the text."""

    relation: str
    line: int
    start: int
    end: int


@dataclass(frozen=True)
class Import:
    """A CTE that reads one relation as it is: ``columns`` are those that it names, none for all of them."""

    relation: str
    columns: tuple[str, ...]
    start: int
    end: int


def query(sql: str) -> exp.Query:
    """The tree of the one select. Raises ``NotSql`` for anything else."""
    try:
        found = [statement for statement in sqlglot.parse(sql, read="postgres") if statement]
    except SqlglotError as error:
        raise _not_sql(error) from error
    if len(found) != 1 or not isinstance(found[0], exp.Query):
        raise NotSql("one select is needed, and nothing beside it")
    return found[0]


@lru_cache(maxsize=1024)
def named(sql: str) -> tuple[Named, ...]:
    """Every place of ``sql`` that names a relation with its schema, in order. Raises ``NotSql``."""
    return tuple(sorted(_named(query(sql)), key=lambda place: place.start))


def renamed(sql: str, names: Mapping[str, str]) -> str:
    """``sql`` as it is, but for the relations of ``names``, which go by the name there."""
    for place in reversed(named(sql)) if names else ():
        if place.relation in names:
            sql = sql[: place.start] + names[place.relation] + sql[place.end :]
    return sql


@lru_cache(maxsize=256)
def imports(sql: str) -> tuple[Import, ...]:
    """The import CTEs of ``sql``, in order. Raises ``NotSql``."""
    selects = [cte.this for cte in query(sql).ctes]
    return tuple(found for select in selects if (found := _import(select)))


def replaced(sql: str, texts: Mapping[Import, str]) -> str:
    """``sql`` with what the imports of ``texts`` read exchanged for the text there."""
    for one in sorted(texts, key=lambda one: one.start, reverse=True):
        sql = sql[: one.start] + texts[one] + sql[one.end :]
    return sql


def _import(select: exp.Expression) -> Import | None:
    if not isinstance(select, exp.Select):
        return None
    plain = {"expressions", "from", "from_", "kind", "hint", "distinct", "limit", "operation_modifiers"}
    tables = list(select.find_all(exp.Table))
    if len(tables) != 1 or any(value for name, value in select.args.items() if name not in plain):
        return None
    places = list(_named(select))
    is_all = [isinstance(one, exp.Star) for one in select.expressions] == [True]
    columns = [one for one in select.expressions if isinstance(one, exp.Column)]
    is_cut = any(select.args.get(name) for name in ("distinct", "limit"))
    if not places or is_cut or tables[0].alias or not (is_all or len(columns) == len(select.expressions)):
        return None
    return Import(places[0].relation, tuple(column.name for column in columns), places[0].start, places[0].end)


def _named(tree: exp.Expression) -> Iterator[Named]:
    for table in tree.find_all(exp.Table):
        schema = table.args.get("db")
        if isinstance(schema, exp.Identifier) and isinstance(table.this, exp.Identifier):
            start, end = schema.meta["start"], table.this.meta["end"] + 1
            yield Named(f"{_name(schema)}.{_name(table.this)}", schema.meta["line"], start, end)


def _name(identifier: exp.Identifier) -> str:
    """As the server reads it: without quotes in lower case."""
    name: str = identifier.name
    return name if identifier.args.get("quoted") else name.lower()


def _not_sql(error: SqlglotError) -> NotSql:
    found = getattr(error, "errors", None)
    if not found:
        return NotSql(str(error).splitlines()[0])
    return NotSql(f"{found[0]['description']} near {found[0]['highlight']!r}", found[0]["line"])
