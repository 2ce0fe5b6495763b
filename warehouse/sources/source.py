"""What every kind of source file offers to the loader: COPY text, and an account of every line."""

import tempfile
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import IO

from bootstrap.errors import SourceError
from warehouse.maps import Map
from warehouse.maps.columns import COLUMNS, Mapping
from warehouse.sources.account import Account
from warehouse.sources.stream import sha256, start

_IN_MEMORY = 1 << 20
_LONGEST_TEXT = 2000
# Blanks other than U+0020, as COPY text writes them. \xe2\x80 begins those from U+2000 to U+203F.
_ODD_BLANKS = (*(chr(code).encode() for code in (0x0B, 0x0C, 0x85, 0xA0, 0x1680, 0x3000, 0xFEFF)), b"\xe2\x80")
_ODD_BLANKS += (b"\\t", b"\\n", b"\\r")


@dataclass(frozen=True)
class Place:
    """From line ``start`` of a source on, line n is line n - ``shift`` of what people know as ``name``."""

    name: str
    start: int = 0
    shift: int = 0


@dataclass(frozen=True)
class Tally:
    """What there is of one day: lines, and the sum of quantity x price."""

    lines: int = 0
    amount: Decimal = Decimal(0)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.lines + other.lines, self.amount + other.amount)

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally(self.lines - other.lines, self.amount - other.amount)


Tallies = dict[date, Tally]


class Rejects:
    """Lines that do not even have the columns, as COPY text: number, reason and text. Many of them wait on disk."""

    def __init__(self) -> None:
        self.count = 0
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self.file.close)

    def add(self, number: int, reason: str, text: str) -> None:
        """``number`` is 1-based. A text too long to read is shortened."""
        self.count += 1
        row = (str(number), copy_text(reason), copy_text(text[:_LONGEST_TEXT].replace("\0", "\ufffd")))
        self.file.write(("\t".join(row) + "\n").encode("utf-8", "replace"))


@dataclass
class Source(ABC):
    """A file, read once and in one direction. ``account`` and ``rejects`` grow while ``blocks`` is consumed.

    Of a database, ``path`` is the name of the table; ``there`` is what it counts on each day, and ``read`` what of that
    was read, where ``since`` says from which day on.

    A form with one ``mapping`` for all of its records takes it as a field, others say their ``columns``.
    ``price_type`` is ``real`` or ``double precision`` where prices may be printed with more digits than they have.
    """

    path: Path
    form: str
    how: Map
    account: Account = field(default_factory=Account, init=False)
    rejects: Rejects = field(default_factory=Rejects, init=False)
    mapping: Mapping = field(init=False, repr=False, compare=False)
    found_in: list[Place] = field(default_factory=list, init=False)
    has_odd_blanks: bool = field(default=False, init=False)
    price_type: str | None = field(default=None, init=False)
    since: date | None = field(default=None, init=False)
    there: Tallies = field(default_factory=dict, init=False)
    read: Tallies = field(default_factory=dict, init=False)
    _above: list[str | None] = field(default_factory=lambda: [None], init=False)
    null = "\\N"
    is_typed = False  # whether dates and numbers are values of their own kind, so that text among them is a mistake

    @cached_property
    def sha256(self) -> str:
        """Hash of the file as it is on disk, in hexadecimal."""
        return sha256(self.path)

    @property
    def opening(self) -> bytes:
        """The first bytes, unpacked: they may tell who wrote it."""
        return start(self.path, 4096)

    def leave_out_before(self, last: date) -> None:
        """Leave out what is held up to this day, where that can be told; a file that is added is read whole."""
        self.since = None

    @property
    def lines_read(self) -> int:
        """Lines so far, rejected ones included."""
        return self.account.lines_read

    @property
    def places(self) -> list[Place]:
        """What to call the parts of the file in ``landing.reject``, by their first line."""
        return self.found_in or [Place(self.path.name)]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that ``blocks`` gives after the line number: ``COLUMNS``, then those of ``EXTRAS``."""
        return self.mapping.columns

    def blocks(self) -> Iterator[bytes]:
        """Lines for ``COPY landing.line FROM STDIN``: the line number, then ``columns``, tab-separated UTF-8.

        Missing values are ``null``. Raises ``SourceError`` for a file that cannot be read to its end, and for one whose
        hash is not ``sha256`` any more then.
        """
        before = self.sha256
        yield from self._watched()
        if sha256(self.path) != before:
            why = "changed while it was read. Wait until it is written completely, then try again."
            raise SourceError(why, path=self.path)

    def _watched(self) -> Iterator[bytes]:
        for block in self._blocks():
            self.has_odd_blanks = self.has_odd_blanks or any(blank in block for blank in _ODD_BLANKS)
            yield block

    def copied(self, number: int, fields: Sequence[str | None], mapping: Mapping) -> str:
        """One record as COPY text. What only the first line of an invoice fills in is filled in on the others."""
        values = mapping.picked(fields, self.columns)
        if self.how.fill_down:
            is_same = values[0] == self._above[0]
            for index in map(COLUMNS.index, self.how.fill_down):
                if is_same and not (values[index] or "").strip():
                    values[index] = self._above[index]
            self._above = values
        return copy_row(number, values, self.null)

    @abstractmethod
    def _blocks(self) -> Iterator[bytes]:
        """The same, as this form gives them."""


def copy_text(text: str) -> str:
    """One value as COPY writes it."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def copy_row(number: int, values: Sequence[str | None], null: str) -> str:
    """One line of COPY text."""
    return "\t".join([str(number), *[null if value is None else copy_text(value) for value in values]]) + "\n"
