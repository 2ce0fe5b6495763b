"""Which column of a file means what, whatever it is called."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TypeVar

from bootstrap.errors import SourceError
from warehouse.maps import Map, ready_maps, suggested_map

MEANINGS: dict[str, tuple[str, ...]] = {
    "invoice_no": ("invoice_no", "invoice", "invoice_number"),
    "stock_code": ("stock_code",),
    "description": ("description",),
    "quantity": ("quantity",),
    "invoice_date": ("invoice_date", "invoice_at", "invoice_timestamp"),
    "unit_price": ("unit_price", "price"),
    "customer_id": ("customer_id", "customer"),
    "country": ("country",),
}
COLUMNS = tuple(MEANINGS)
EXTRAS = ("currency", "status")
ALIKE = len(COLUMNS) // 2  # so many of the names, and something comes near to being transactions
_T = TypeVar("_T")
_CURRENCY = ("currency", "currencycode")


@dataclass(frozen=True)
class Mapping:
    """Where each meaning is among the file's ``names``: all of ``COLUMNS``, then those of ``EXTRAS`` that the file has.

    ``None`` where a map says that the file has no such column.
    """

    names: tuple[str, ...]
    positions: dict[str, int | None]

    @property
    def width(self) -> int:
        return len(self.names)

    @property
    def is_in_order(self) -> bool:
        """Whether the file has exactly our columns in our order, so that its lines can be taken as they are."""
        return list(self.positions.values()) == list(range(self.width)) and self.width == len(COLUMNS)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.positions)

    @property
    def left_out(self) -> list[str]:
        """Names of the columns that mean nothing here."""
        used = self.positions.values()
        return [name for index, name in enumerate(self.names) if index not in used and name]

    def picked(self, fields: Sequence[_T], columns: Sequence[str]) -> list[_T | None]:
        """The fields of one line in the order of ``columns``, which may name some that the file does not have."""
        return [None if position is None else fields[position] for position in map(self.positions.get, columns)]


def map_columns(names: Sequence[str], *, path: Path, how: Map) -> Mapping:
    """Find each meaning among the file's column names, as ``how`` says or by what they are called.

    Raises ``SourceError`` for a meaning without a column, or with two.
    """
    found: dict[str, list[int | None]] = {meaning: _said(meaning, names, how, path) for meaning in COLUMNS}
    for index, name in enumerate(names):
        meaning = _SPELLED.get(plain(name))
        if meaning and meaning not in how.columns:
            found[meaning].append(index)
    for meaning, indexes in found.items():
        if not indexes:
            raise SourceError(_missing(meaning, names), path=path)
        if len(indexes) > 1:
            both = " and ".join(names[index] for index in indexes if index is not None)
            raise SourceError(f"two columns for {meaning}: {both}. Remove or rename one of them.", path=path)
    positions = {meaning: indexes[0] for meaning, indexes in found.items()}
    currency = next((index for index, name in enumerate(names) if plain(name) in _CURRENCY), None)
    for extra, there in (("currency", currency), ("status", _status(names, how, path))):
        if there is not None:
            positions[extra] = there
    return Mapping(tuple(names), positions)


def _status(names: Sequence[str], how: Map, path: Path) -> int | None:
    """Where the column is that says what became of an order, for a shop that has one."""
    index = _index(how.status, names)
    if how.status is not None and index is None:
        why = f"no column {how.status}, which tells what became of an order; found {', '.join(names)}. "
        raise SourceError(f"{why}Correct lines.status in shop.yml, or say status: null in a map.", path=path)
    return index


def _said(meaning: str, names: Sequence[str], how: Map, path: Path) -> list[int | None]:
    """Where the map says that a meaning is; nothing where it does not say."""
    if meaning not in how.columns:
        return []
    said = how.columns[meaning]
    if isinstance(said, int) and 1 <= said <= len(names):
        return [said - 1]
    index = _index(said, names)
    if said is not None and index is None:
        why = f"the map says that {meaning} is {said}; found {', '.join(names)}. Correct the map."
        raise SourceError(why, path=path)
    return [index]


def _index(wanted: str | int | None, names: Sequence[str]) -> int | None:
    called = [] if wanted is None else [plain(str(wanted))]
    return next((index for index, name in enumerate(names) if plain(name) in called), None)


def fits(names: Sequence[str], how: Map | None = None) -> int:
    """How many of the meanings are among the names, 0 to 8: how alike a table is to the one looked for."""
    said = {plain(str(name)): meaning for meaning, name in how.columns.items() if name is not None} if how else {}
    return len({meaning for name in names if (meaning := said.get(plain(name)) or _SPELLED.get(plain(name)))})


def not_recognised(names: Sequence[str], *, path: Path, kind: str, has_names: bool = True) -> SourceError:
    """What was looked for and found in a file of this ``kind``, and the start of a map that says it."""
    found: dict[str, str | int | None] = {}
    if has_names:
        found = {_SPELLED[plain(name)]: name for name in names if plain(name) in _SPELLED}
        missing = ", ".join(meaning for meaning in COLUMNS if meaning not in found)
        what = f"no column for {missing}; found {', '.join(names)}"
    else:
        what = "its first line names no columns"
        if len(names) == len(COLUMNS):
            found = {meaning: number for number, meaning in enumerate(COLUMNS, 1)}
    ready = [name for name, how in ready_maps().items() if fits(names, how) == len(how.named)]
    way = f"Its columns are those of a ready map: --map {ready[0]}. Or say" if ready else "Name the columns so, or say"
    return SourceError(
        f"is {kind}: {what}. {way} which is which in a map, --map FILE.yml:\n\n"
        f"{suggested_map(list(names), found, has_names=has_names)}",
        path=path,
    )


def _missing(meaning: str, names: Sequence[str]) -> str:
    unknown = {plain(name): name for name in names if plain(name) not in _SPELLED}
    for spelling in MEANINGS[meaning]:
        near = get_close_matches(plain(spelling), list(unknown), n=1, cutoff=0.7)
        if near:
            return f"no column for {meaning}; found {unknown[near[0]]}: did you mean it? Rename it to {meaning}."
    return f"no column for {meaning}; found {', '.join(names)}. Add the column, or name it {meaning}."


@cache
def plain(name: str) -> str:
    """A name without what makes no difference: case, blanks, marks."""
    return re.sub(r"[\W_]+", "", name).lower()


_SPELLED = {plain(spelling): meaning for meaning, spellings in MEANINGS.items() for spelling in spellings}
