"""What the engine asks of the package that keeps a project's lines. ``package`` in ``shop.yml`` names it.

The package has an object ``LINES`` that fits ``Lines``. It reads files and keeps lines in the schema ``warehouse``;
what they are made of is its own affair. Nothing else of it is imported here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Protocol

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from bootstrap.contracts import Contract
from bootstrap.database import Database
from bootstrap.errors import UsageError
from bootstrap.progress import Progress
from bootstrap.project import current

Changes = Mapping[str, str | None]
"""Relations that changed, with the table of the rows that went and came; ``None`` where these are not known."""


class SetAside(BaseModel):
    """A day of a file that broke a contract and was not loaded."""

    model_config = ConfigDict(frozen=True)

    day: date = Field(description="the day")
    contract: str = Field(description="the contract that it broke")
    file: str = Field(description="name of the file that has it so")
    lines: int = Field(description="lines of the day that were set aside")
    amount: Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")] = Field(
        description="their amount, in the project's money"
    )
    set_aside_at: datetime = Field(description="since when it is set aside")

    def line(self) -> str:
        """The same for people."""
        count = f"{self.lines:,} {'line' if self.lines == 1 else 'lines'}"
        return (
            f"{self.day:%-d %B %Y} of {self.file} is set aside ({count}, {current().amount(self.amount)}), "
            f"because {self.contract} does not hold"
        )


@dataclass(frozen=True)
class Loaded:
    """What a load did. ``days_changed`` is sorted, and empty when the warehouse held the same content already.

    ``is_append`` says that the file was added to what was held. ``account`` tells, as JSON, what became of everything
    in the file; ``how`` in it is how the file was read. ``set_aside`` are its days that were not loaded. ``changes``
    are the tables of lines whose rows changed, with the temporary table of those that went and came; ``None`` where
    anything may have changed.
    """

    form: str
    sha256: str
    lines_read: int
    lines_kept: int
    rejected: dict[str, int] = field(default_factory=dict)
    days_changed: list[date] = field(default_factory=list)
    account: dict[str, Any] = field(default_factory=dict)
    is_append: bool = False
    set_aside: list[SetAside] = field(default_factory=list)
    changes: Changes | None = None

    @property
    def months_changed(self) -> list[date]:
        """The first days of the months of these days, sorted."""
        return sorted({day.replace(day=1) for day in self.days_changed})


@dataclass(frozen=True)
class MonthLines:
    """How many lines of a month (its first day) are new, changed and gone."""

    month: date
    new: int
    changed: int
    gone: int

    def text(self) -> str:
        """The same for people."""
        counts = {"new": self.new, "changed": self.changed, "gone": self.gone}
        return f"{self.month:%B %Y}: {', '.join(f'{lines:,} {what}' for what, lines in counts.items() if lines)}"


class How(Protocol):
    """How to read a file: what a person says that it does not say itself. Two that say the same are equal."""

    @property
    def says_nothing(self) -> bool: ...


class Opened(Protocol):
    """A source that was recognised, and is ready to be read once."""


class Lines(Protocol):
    """The lines of a project, from the file to the tables that relations stand on.

    What has a cursor works in its open transaction, as the owner. Each raises ``SourceError`` for a file,
    ``UsageError`` for a wish that cannot be met.
    """

    def upgrade(self, connection: Connection) -> None:
        """Bring its tables to the newest shape, ``warehouse.receipt`` among them."""

    def revision(self) -> str:
        """The newest shape of its tables, which sorts behind older ones."""

    def digest(self) -> str:
        """Of all that decides what lines are made of a file."""

    def contracts(self, *, narrow: bool = False) -> list[Contract]:
        """What must hold of the lines; with ``narrow``, of those that the load before changed."""

    def said(self, name: str | None, *, dates: str | None, only: Sequence[str], skip: Sequence[str]) -> How:
        """How to read a file, as settings and options say."""

    def remembered(self, account: Mapping[str, Any]) -> How:
        """How the file of this account was read."""

    def open(self, path: Path, how: How) -> Opened:
        """Recognise the form of a file."""

    def open_database(self, database: Database, how: How) -> Opened:
        """Connect to a database, and find the columns of its table."""

    def sha256(self, path: Path) -> str:
        """Hash of the file as it is on disk."""

    def load(
        self,
        cursor: Cursor,
        opened: Opened,
        *,
        max_rejects: float,
        max_loss: float | None,
        append: bool,
        aside: Mapping[date, str],
        progress: Progress,
    ) -> Loaded:
        """Put the lines of a file in place of those that are held, or with ``append`` beside them.

        Only days that differ are written. Those of ``aside``, with the contracts that they broke, are kept elsewhere.
        """

    def set_aside(self, cursor: Cursor) -> list[SetAside]:
        """The days that are set aside now, in their order."""

    def is_outdated(self, cursor: Cursor) -> bool:
        """Whether other rules than those of now made the lines that are held."""

    def load_again(self, cursor: Cursor, *, progress: Progress) -> Loaded:
        """Make the lines once more of what is kept of the last file."""

    def roll_back(self, cursor: Cursor, *, to: int | None, progress: Progress) -> tuple[str, Loaded]:
        """Undo the newest change of lines, or all after the receipt ``to``.

        In words what the lines are of, and what is known of their load.
        """

    def compared(self, cursor: Cursor, days: Sequence[date]) -> list[MonthLines]:
        """What the change of lines that was made, on these days, did to each month."""

    def sign(self, cursor: Cursor, receipt_id: int, *, keep: int) -> None:
        """Note the receipt of the change that was made, if any was; ``keep`` such changes can be undone."""

    def close_month(self, cursor: Cursor, month: date, *, reopen: bool) -> bool:
        """Note that a month is complete, or take it back; false where it is so already."""

    def write_demo(
        self, path: Path, *, lines: int = 200_000, seed: int = 1, start: date | None = None, end: date | None = None
    ) -> int:
        """Write a generated file; the number of its lines. Without days, those that suit a first look."""

    @property
    def table(self) -> str:
        """The table of a database that is read where none is named."""

    @property
    def demo_file(self) -> str:
        """The name of such a file that is loaded where none is named; empty when nothing is to be."""


def lines() -> Lines:
    """Those of the current project. Raises ``UsageError`` for a package that is not there, or has no ``LINES``."""
    name = current().package
    try:
        found: Lines = import_module(name).LINES
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"{current().file} names the package {name}, which does not keep lines ({error}). Correct it."
        ) from error
    return found
