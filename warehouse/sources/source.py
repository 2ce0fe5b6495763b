"""What every form of a handed-over file offers to the loader."""

import tempfile
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO

from bootstrap.errors import SourceError
from warehouse.sources.stream import sha256

_IN_MEMORY = 1 << 20
_LONGEST_TEXT = 2000


@dataclass(frozen=True)
class Place:
    """From line ``start`` of a source on, line n is line n - ``shift`` of what people know as ``name``."""

    name: str
    start: int = 0
    shift: int = 0


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
    """A file, read once and in one direction. ``lines_read`` and ``rejects`` grow while ``blocks`` is consumed."""

    path: Path
    form: str
    lines_read: int = field(default=0, init=False)
    rejects: Rejects = field(default_factory=Rejects, init=False)
    null = "\\N"

    @cached_property
    def sha256(self) -> str:
        """Hash of the file as handed over, in hexadecimal."""
        return sha256(self.path)

    @property
    def price_type(self) -> str | None:
        """``real`` or ``double precision`` where prices may be printed with more digits than they have."""
        return None

    @property
    def places(self) -> list[Place]:
        """What to call the parts of the file in ``landing.reject``, by their first line."""
        return [Place(self.path.name)]

    def blocks(self) -> Iterator[bytes]:
        """Lines for ``COPY landing.line FROM STDIN``: the line number, then ``COLUMNS``, tab-separated UTF-8.

        Missing values are ``null``. Raises ``SourceError`` for a file that cannot be read to its end, and for one whose
        hash is not ``sha256`` any more then.
        """
        before = self.sha256
        yield from self._blocks()
        if sha256(self.path) != before:
            raise SourceError(
                "changed while it was read. Wait until it is written wholly, then try again.", path=self.path
            )

    @abstractmethod
    def _blocks(self) -> Iterator[bytes]:
        """The same, as this form gives them."""


def copy_text(text: str) -> str:
    """One value as COPY writes it."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
