"""Contracts: selects that must return no rows, run inside the refresh before anybody sees its result."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from psycopg2 import DataError, ProgrammingError
from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import CheckFailed

_SHOWN = 5


class Rule(Protocol):
    """What ``run_contracts`` needs of a contract; a twin's ``Check`` has it too."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def sql(self) -> str: ...


@dataclass(frozen=True)
class Contract:
    """``sql`` is one select that returns the offending rows; ``description`` says what must hold."""

    name: str
    description: str
    sql: str


class ContractBroken(CheckFailed):
    """A contract returned rows. ``days`` are those of its column ``day``: none where a row has none."""

    def __init__(self, message: str, contract: str, days: frozenset[date]) -> None:
        self.contract, self.days = contract, days
        super().__init__(message)


def read_contracts(folder: Path) -> list[Contract]:
    """The contracts of a folder, one per file, by name. A file's first comment lines are its description."""
    return [_read(path) for path in sorted(folder.glob("*.sql"))]


def run_contracts(cursor: Cursor, contracts: Iterable[Rule], run: Callable[[Rule], str] = lambda rule: rule.sql) -> int:
    """Run them in the open transaction; the number that held. ``run`` gives the SQL for it, where it is another.

    Raises ``ContractBroken`` at the first that does not: its name, up to five offending rows, and the SQL for all.
    """
    held = 0
    for contract in contracts:
        sql = contract.sql.strip().rstrip(";")
        # Planned for all its rows: with a mere limit the server expects to find some soon, and reads on one core.
        looked_at = run(contract).strip().rstrip(";")
        statement = f"with broken as materialized (\n{looked_at}\n) select * from broken limit {_SHOWN + 1}"
        try:
            cursor.execute(statement)
        except (ProgrammingError, DataError) as error:
            raise CheckFailed(
                f"The contract {contract.name} cannot be run: {error.diag.message_primary}, so nothing was changed. "
                f"Fix its SQL:\n{sql}"
            ) from error
        rows = cursor.fetchall()
        if rows:
            names = [column.name for column in cursor.description or ()]
            days = _days(cursor, looked_at) if "day" in names else frozenset()
            raise ContractBroken(_message(contract, names, rows, sql), contract.name, days)
        held += 1
    return held


def _days(cursor: Cursor, sql: str) -> frozenset[date]:
    """The days of all offending rows; none where one has no date for it."""
    cursor.execute(f"select distinct day from (\n{sql}\n) as broken")
    days = [day for (day,) in cursor.fetchall()]
    are_dates = all(isinstance(day, date) and not isinstance(day, datetime) for day in days)
    return frozenset(days) if are_dates else frozenset()


def _read(path: Path) -> Contract:
    lines = path.read_text(encoding="utf-8").splitlines()
    count = next((index for index, line in enumerate(lines) if not line.startswith("--")), len(lines))
    description = " ".join(line.removeprefix("--").strip() for line in lines[:count])
    return Contract(path.stem, description, "\n".join(lines[count:]).strip())


def _message(contract: Rule, names: list[str], rows: list[tuple[object, ...]], sql: str) -> str:
    shown = "\n".join("  " + ", ".join(f"{n}={v}" for n, v in zip(names, row, strict=True)) for row in rows[:_SHOWN])
    count = f"more than {_SHOWN} rows" if len(rows) > _SHOWN else f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}"
    return (
        f"The contract {contract.name} does not hold ({contract.description}), so the refresh was rolled back. "
        f"{count} against it:\n{shown}\nFix the source or the rule. To see all offending rows:\n{sql}"
    )
