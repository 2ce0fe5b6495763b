"""Rides and stations, in the schema ``warehouse``: all that the engine asks of a package that keeps lines."""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from bootstrap.contracts import Contract
from bootstrap.database import Database
from bootstrap.errors import SourceError, UsageError
from bootstrap.lines import Lines, Loaded, MonthLines, SetAside
from bootstrap.progress import Progress

TABLES = """
create schema if not exists warehouse;
create table if not exists warehouse.station (station text primary key, district text not null);
create table if not exists warehouse.ride (
    ride_id integer primary key, station text not null, month date not null, minutes integer not null,
    price numeric not null
);
create table if not exists warehouse.receipt (
    receipt_id bigint generated always as identity primary key, refreshed_at timestamptz not null default now(),
    source text, form text, sha256 text, fingerprint text, lines_read bigint, lines_kept bigint, rejected jsonb,
    run_by text, is_append boolean, days_changed jsonb,
    months_changed jsonb, before jsonb, after jsonb, closed_month_changes jsonb, moves integer, seconds jsonb,
    assets jsonb, account jsonb, set_aside jsonb, relations jsonb
);
"""
HELD = "select month, md5(string_agg(r::text, ',' order by ride_id)) from warehouse.ride as r group by month"


@dataclass(frozen=True)
class Plainly:
    """There is one way to read a file of rides."""

    says_nothing = True


@dataclass(frozen=True)
class File:
    path: Path


class Rides:
    demo_file, table = "", "rides"

    def upgrade(self, connection: Connection) -> None:
        with connection.cursor() as cursor:
            cursor.execute(TABLES)

    def revision(self) -> str:
        return "1"

    def digest(self) -> str:
        return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()

    def contracts(self, *, narrow: bool = False) -> list[Contract]:
        long = "select ride_id from warehouse.ride where minutes > 1440"
        return [Contract("every ride ends within a day", "No bicycle is away for more than 24 hours.", long)]

    def said(self, name: str | None, *, dates: str | None, only: Sequence[str], skip: Sequence[str]) -> Plainly:
        return Plainly()

    def remembered(self, account: Mapping[str, Any]) -> Plainly:
        return Plainly()

    def open(self, path: Path, how: object) -> File:
        if not path.read_text(encoding="utf-8").startswith("ride,"):
            raise SourceError("its first line does not name the columns of rides. Export it again.", path=path)
        return File(path)

    def open_database(self, database: Database, how: object) -> File:
        raise UsageError("Rides come as a file. Load it: lgs refresh --source PATH.")

    def sha256(self, path: Path) -> str:
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def load(
        self,
        cursor: Cursor,
        opened: Any,
        *,
        max_rejects: float,
        max_loss: float | None,
        append: bool,
        aside: Mapping[date, str],
        progress: Progress,
    ) -> Loaded:
        if append:
            raise UsageError("A file of rides always has all of them. Load it without --append.")
        rows = list(csv.DictReader(opened.path.read_text(encoding="utf-8").splitlines()))
        before = self._held(cursor)
        cursor.execute("delete from warehouse.ride; delete from warehouse.station")
        stations = {row["station"]: row["district"] for row in rows}
        rides = [(row["ride"], row["station"], f"{row['month']}-01", row["minutes"], row["price"]) for row in rows]
        execute_values(cursor, "insert into warehouse.station values %s", list(stations.items()))
        execute_values(cursor, "insert into warehouse.ride values %s", rides)
        after = self._held(cursor)
        changed = sorted(month for month in before.keys() | after.keys() if before.get(month) != after.get(month))
        return Loaded("rides", self.sha256(opened.path), len(rows), len(rows), days_changed=changed)

    def set_aside(self, cursor: Cursor) -> list[SetAside]:
        return []

    def _held(self, cursor: Cursor) -> dict[date, str]:
        cursor.execute(HELD)
        return dict(cursor.fetchall())

    def is_outdated(self, cursor: Cursor) -> bool:
        return False

    def load_again(self, cursor: Cursor, *, progress: Progress) -> Loaded:
        raise AssertionError("its rules never change")

    def roll_back(self, cursor: Cursor, *, to: int | None, progress: Progress) -> tuple[str, Loaded]:
        raise UsageError("No generation of rides is kept to roll back to. Load the file before: lgs refresh --source.")

    def compared(self, cursor: Cursor, days: Sequence[date]) -> list[MonthLines]:
        return []

    def sign(self, cursor: Cursor, receipt_id: int, *, keep: int) -> None:
        pass

    def close_month(self, cursor: Cursor, month: date, *, reopen: bool) -> bool:
        raise UsageError("Each month of rides is complete as it comes.")

    def write_demo(
        self, path: Path, *, lines: int = 0, seed: int = 1, start: date | None = None, end: date | None = None
    ) -> int:
        raise UsageError("There are no generated rides.")


LINES: Lines = Rides()
