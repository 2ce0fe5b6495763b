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


def _named(tree: exp.Query) -> Iterator[Named]:
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
