"""Short lists that a project keeps in ``views/``, such as the groups that it sorts its people into.

One file says of each row its name, its colour and whatever SQL needs to know. SQL reads ``list.groups`` as it reads a
relation; texts write ``$groups.first`` for the name of the row with the key ``first``; charts have the colours.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bootstrap.errors import SpecError
from bootstrap.values import Spec, needed, read_yaml

OTHERS = frozenset({"columns", "metrics", "house_rules", "receipt"})
"""The files of ``views/`` that are no lists."""

Value = str | int | float | bool | None
_READ = re.compile(r"\b(from|join) list\.([a-z_]+)\b")
_NAMED = re.compile(r"\$([a-z_]+)\.([a-z_]+)")


class Row(BaseModel):
    """One row; what else it says is a column of its list."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Value] = Field(init=False)

    key: str = Field(pattern=r"^[a-z_]+$", description="what texts call it, whatever its name")
    name: str
    colour: str | None = Field(None, pattern=r"^#[0-9a-f]{6}$")


class Listing(Spec):
    """Rows in their order, which is counted from 1."""

    rows: tuple[Row, ...] = Field(min_length=1)

    def relation(self, name: str) -> str:
        """The list as what stands behind ``from``: ``number``, ``key``, ``name`` and the columns of its own."""
        columns = list(self.rows[0].__pydantic_extra__)
        rows = [
            [number, row.key, row.name, *(row.__pydantic_extra__.get(column) for column in columns)]
            for number, row in enumerate(self.rows, 1)
        ]
        values = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
        return f"(values {values}) as {name} ({', '.join(['number', 'key', 'name', *columns])})"


def read_lists(views: Path) -> dict[str, Listing]:
    """The lists in ``views`` by the names of their files. Raises ``SpecError`` for a wrong one."""
    return {path.stem: _read(path) for path in list_files(views)}


def list_files(views: Path) -> list[Path]:
    return sorted(path for path in views.glob("*.yml") if path.stem not in OTHERS)


def with_relations(sql: str, path: Path) -> str:
    """The SQL of ``path`` with the lists that it reads in it. Raises ``SpecError`` for one that is not there."""
    lists = read_lists(path.parents[1]) if _READ.search(sql) else {}

    def relation(found: re.Match[str]) -> str:
        word, name = found.groups()
        if name not in lists:
            raise SpecError(f'there is no list "{name}". Write {path.parents[1] / name}.yml.', path=path)
        return f"{word} {lists[name].relation(name)}"

    return _READ.sub(relation, sql)


def with_names(text: str, lists: Mapping[str, Listing]) -> str:
    """The text with the names of rows in it; what names no row of a list stays."""

    def name(found: re.Match[str]) -> str:
        rows = lists[found[1]].rows if found[1] in lists else ()
        return next((row.name for row in rows if row.key == found[2]), found[0])

    return _NAMED.sub(name, text)


def _read(path: Path) -> Listing:
    try:
        found = Listing.model_validate(read_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise SpecError(needed(first), path=path, field=field) from error
    _refuse_twins(found, path)
    return found


def _refuse_twins(listing: Listing, path: Path) -> None:
    for field in ("key", "name"):
        seen = [getattr(row, field) for row in listing.rows]
        twice = next((value for value in seen if seen.count(value) > 1), None)
        if twice:
            raise SpecError(f'two rows have the {field} "{twice}". Change one.', path=path, field="rows")
    columns = set(listing.rows[0].__pydantic_extra__)
    for row in listing.rows:
        if set(row.__pydantic_extra__) != columns:
            odd = sorted(columns ^ set(row.__pydantic_extra__))[0]
            raise SpecError(f'"{odd}" is not said of every row. Say it of "{row.key}" too.', path=path, field="rows")


def _literal(value: Value) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "null" if value is None else str(value).lower()
