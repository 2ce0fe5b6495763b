"""Refreshes that failed: kept in ``warehouse.attempt``, by a transaction of their own."""

import re
from datetime import datetime
from pathlib import PurePath

import psycopg2
from psycopg2.extensions import cursor as Cursor
from pydantic import BaseModel

from bootstrap.connection import alone, connected
from bootstrap.errors import LgsError, Locked, Unreachable
from bootstrap.lines import lines
from bootstrap.settings import who

_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@\s]+@")


class Attempt(BaseModel):
    """A refresh that changed nothing. ``step`` is empty where it failed before or between steps."""

    failed_at: datetime | None = None
    run_by: str
    source: str
    step: str
    error: str
    seconds: float

    def line(self) -> str:
        """The same for people."""
        at = f" at {self.step}" if self.step else ""
        return (
            f"-  {self.failed_at:%Y-%m-%d %H:%M}  {PurePath(self.source).name}: failed{at}, {self.seconds:.1f} s, "
            f"by {self.run_by}\n    {self.error}"
        )


def note_failure(owner_url: str, error: BaseException, *, source: str, step: str, seconds: float) -> None:
    """Keep what was tried and what came of it. Where that fails too, ``error`` gets a note that says so."""
    if isinstance(error, Unreachable):
        return
    text = str(error) or type(error).__name__
    attempt = Attempt(run_by=who(), source=_shown(source), step=step, error=_shown(text), seconds=round(seconds, 3))
    try:
        _save(owner_url, attempt, is_alone=not isinstance(error, Locked))
    except (LgsError, psycopg2.Error) as why:
        error.add_note(f"The history does not tell of it, because that failed as well: {why}")


def read_attempts(cursor: Cursor) -> list[Attempt]:
    """Those that failed, the newest first."""
    if not _exists(cursor):
        return []
    names = list(Attempt.model_fields)
    cursor.execute(f"select {', '.join(names)} from warehouse.attempt order by attempt_id desc")
    return [Attempt(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _save(owner_url: str, attempt: Attempt, *, is_alone: bool) -> None:
    """Where the table is missing it is made; but not beside another run, which may be about to."""
    with connected(owner_url) as connection, connection, connection.cursor() as cursor:
        is_there = _exists(cursor)
        if is_there:
            _insert(cursor, attempt)
    if is_alone and not is_there:
        with alone(owner_url) as connection, connection, connection.cursor() as cursor:
            lines().upgrade(connection)
            _insert(cursor, attempt)


def _insert(cursor: Cursor, attempt: Attempt) -> None:
    cursor.execute(
        "insert into warehouse.attempt (run_by, source, step, error, seconds) "
        "values (%(run_by)s, %(source)s, %(step)s, %(error)s, %(seconds)s)",
        attempt.model_dump(),
    )


def _exists(cursor: Cursor) -> bool:
    cursor.execute("select to_regclass('warehouse.attempt') is not null")
    return cursor.fetchone() == (True,)


def _shown(text: str) -> str:
    return _PASSWORD.sub(r"\1:***@", text)
