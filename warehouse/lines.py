"""What the engine asks of this package, in one place."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from bootstrap.contracts import Contract, read_contracts
from bootstrap.database import Database
from bootstrap.lines import How, Lines, Loaded, MonthLines, Opened, SetAside
from bootstrap.progress import Progress
from warehouse import migrate
from warehouse.changes import compared, narrow_parts
from warehouse.closing import close_month, reopen_month
from warehouse.generations import sign
from warehouse.load import by_other_rules, load, load_again
from warehouse.maps import Map, said
from warehouse.quarantine import days_set_aside
from warehouse.queries import filled_in, rules
from warehouse.rollback import roll_back
from warehouse.rules import line_rules
from warehouse.sources import Source, open_database, open_source
from warehouse.sources.stream import sha256

_FOLDER = Path(__file__).parent


class ShopLines:
    """Fits ``bootstrap.lines.Lines``."""

    demo_file, table = "demo.sql.gz", "retail"

    def upgrade(self, connection: Connection) -> None:
        migrate.upgrade(connection)

    def revision(self) -> str:
        return migrate.head()

    def digest(self) -> str:
        digest = hashlib.sha256(rules().encode())
        for path in sorted(path for kind in ("*.py", "*.sql", "*.csv", "*.yml") for path in _FOLDER.rglob(kind)):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def contracts(self, *, narrow: bool = False) -> list[Contract]:
        return load_contracts(narrow=narrow)

    def said(self, name: str | None, *, dates: str | None, only: Sequence[str], skip: Sequence[str]) -> How:
        return said(name, dates=dates, only=only, skip=skip)

    def remembered(self, account: Mapping[str, Any]) -> How:
        return Map.model_validate(account.get("how", {}))

    def open(self, path: Path, how: How) -> Opened:
        assert isinstance(how, Map)
        return open_source(path, how)

    def open_database(self, database: Database, how: How) -> Opened:
        assert isinstance(how, Map)
        return open_database(database, how)

    def sha256(self, path: Path) -> str:
        return sha256(path)

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
        assert isinstance(opened, Source)
        return load(
            cursor,
            opened,
            max_rejects=max_rejects,
            max_loss=max_loss,
            append=append,
            aside=aside,
            progress=progress,
        )

    def set_aside(self, cursor: Cursor) -> list[SetAside]:
        return days_set_aside(cursor)

    def is_outdated(self, cursor: Cursor) -> bool:
        return by_other_rules(cursor)

    def load_again(self, cursor: Cursor, *, progress: Progress) -> Loaded:
        return load_again(cursor, progress=progress)

    def roll_back(self, cursor: Cursor, *, to: int | None, progress: Progress) -> tuple[str, Loaded]:
        return roll_back(cursor, to=to, progress=progress)

    def compared(self, cursor: Cursor, days: Sequence[date]) -> list[MonthLines]:
        return compared(cursor, days)

    def sign(self, cursor: Cursor, receipt_id: int, *, keep: int) -> None:
        sign(cursor, receipt_id, most=keep)

    def close_month(self, cursor: Cursor, month: date, *, reopen: bool) -> bool:
        return reopen_month(cursor, month) if reopen else close_month(cursor, month)

    def write_demo(
        self, path: Path, *, lines: int = 200_000, seed: int = 1, start: date | None = None, end: date | None = None
    ) -> int:
        from warehouse import demo  # numpy takes its time to import, and few need it

        days = {name: day for name, day in (("start", start), ("end", end)) if day}
        return demo.write_demo(path, lines=lines, seed=seed, **days)


def load_contracts(folder: Path = _FOLDER / "checks", *, narrow: bool = False) -> list[Contract]:
    """The contracts of the lines, one per file, with what the shop says of them filled in.

    With ``narrow`` they look at the days of the lines that changed, which ``find_changed_lines`` found.
    """
    of_lines = narrow_parts() if narrow else {"line": "warehouse.line", "day": "warehouse.day"}
    parts = line_rules().parts(day="invoice_at::date") | of_lines
    return [Contract(one.name, one.description, filled_in(one.sql, parts)) for one in read_contracts(folder)]


LINES: Lines = ShopLines()
