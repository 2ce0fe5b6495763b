"""Which column of a file means what, whatever it is called."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from bootstrap.errors import SourceError

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


@dataclass(frozen=True)
class Mapping:
    """Where each meaning stands: ``positions[i]`` is the index in the file's columns of ``COLUMNS[i]``."""

    width: int
    positions: tuple[int, ...]

    @property
    def is_in_order(self) -> bool:
        """Whether the file has exactly our columns in our order, so that its lines can be taken as they are."""
        return self.width == len(COLUMNS) and self.positions == tuple(range(self.width))


def map_columns(names: Sequence[str], *, path: Path) -> Mapping:
    """Find each meaning among the file's column names. Columns that mean nothing here are left out.

    Raises ``SourceError`` for a meaning without a column, or with two.
    """
    found: dict[str, list[int]] = {meaning: [] for meaning in COLUMNS}
    for index, name in enumerate(names):
        meaning = _SPELLED.get(_plain(name))
        if meaning:
            found[meaning].append(index)
    for meaning, indexes in found.items():
        if not indexes:
            raise SourceError(_missing(meaning, names), path=path)
        if len(indexes) > 1:
            both = " and ".join(names[index] for index in indexes)
            raise SourceError(f"two columns for {meaning}: {both}. Remove or rename one of them.", path=path)
    return Mapping(len(names), tuple(found[meaning][0] for meaning in COLUMNS))


def fits(names: Sequence[str]) -> int:
    """How many of the meanings are among the names, 0 to 8: how alike a table is to the one looked for."""
    return len({_SPELLED[_plain(name)] for name in names if _plain(name) in _SPELLED})


def _missing(meaning: str, names: Sequence[str]) -> str:
    plain = {_plain(name): name for name in names if _plain(name) not in _SPELLED}
    for spelling in MEANINGS[meaning]:
        near = get_close_matches(_plain(spelling), list(plain), n=1, cutoff=0.7)
        if near:
            return f"no column for {meaning}; found {plain[near[0]]}: did you mean it? Rename it to {meaning}."
    return f"no column for {meaning}; found {', '.join(names)}. Add the column, or name it {meaning}."


@cache
def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


_SPELLED = {_plain(spelling): meaning for meaning, spellings in MEANINGS.items() for spelling in spellings}
