"""What every form of a handed-over file offers to the loader."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from warehouse.sources.stream import sha256


@dataclass(frozen=True)
class Reject:
    """A line that does not even have the columns. ``number`` is 1-based."""

    number: int
    reason: str
    text: str


@dataclass
class Source(ABC):
    """A file, read once and in one direction. ``lines_read`` and ``rejects`` grow while ``blocks`` is consumed."""

    path: Path
    form: str
    lines_read: int = field(default=0, init=False)
    rejects: list[Reject] = field(default_factory=list, init=False)
    null = "\\N"

    @cached_property
    def sha256(self) -> str:
        """Hash of the file as handed over, in hexadecimal."""
        return sha256(self.path)

    @property
    def price_type(self) -> str | None:
        """``real`` or ``double precision`` where prices may be printed with more digits than they have."""
        return None

    @abstractmethod
    def blocks(self) -> Iterator[bytes]:
        """Lines for ``COPY landing.line FROM STDIN``: the line number, then ``COLUMNS``, tab-separated UTF-8.

        Missing values are ``null``. Raises ``SourceError`` for a file that cannot be read to its end.
        """

    def place(self, number: int) -> tuple[str, int]:
        """What to call the file in ``landing.reject``, and the line's number there."""
        return self.path.name, number

    def reject(self, number: int, reason: str, text: str) -> None:
        self.rejects.append(Reject(number, reason, text[:2000].replace("\0", "\ufffd")))
