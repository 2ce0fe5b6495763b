"""Days of a file that break a contract: kept beside the warehouse, which holds of them what it held before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from psycopg2.extensions import cursor as Cursor

from bootstrap.lines import SetAside
from warehouse.queries import query

_OF_FILE = "invoice_no in (select invoice_no from file_invoice)"


@dataclass(frozen=True)
class Aside:
    """What of one file was set aside: its days, with the contract that each broke, its lines and their amount."""

    days: Mapping[date, str] = field(default_factory=dict)
    lines: int = 0
    amount: Decimal = Decimal(0)


def put_aside(cursor: Cursor, lines: str, days: Mapping[date, str], *, file: str, append: bool) -> Aside:
    """Keep the lines of ``days`` out of ``lines``, a SELECT of the classified lines of a file, and release other days.

    ``days`` have the contracts that they broke. A file that is added releases a day when it has all of its invoices.
    """
    replaced = _OF_FILE if append else "true"
    parameters = {"days": list(days), "contracts": list(days.values()), "file": file}
    cursor.execute(query("release", replaced=replaced), parameters)
    if not days:
        return Aside()
    cursor.execute(query("set_aside", lines=lines, replaced=replaced), parameters)
    return Aside(days, *(cursor.fetchone() or (0, Decimal(0))))


def days_set_aside(cursor: Cursor) -> list[SetAside]:
    """Those that no file has had right since, in their order."""
    cursor.execute("select to_regclass('warehouse.quarantine') is not null")
    if cursor.fetchone() != (True,):  # tables of a version before
        return []
    cursor.execute(
        "select day, contract, file, lines, amount, set_aside_at from warehouse.quarantine "
        "where released_at is null order by day"
    )
    names = [column.name for column in cursor.description or ()]
    return [SetAside.model_validate(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def undo_quarantine(cursor: Cursor, receipt: int) -> None:
    """Set aside the days that were set aside after the refresh of this receipt, and no others."""
    cursor.execute(query("undo_quarantine"), {"receipt": receipt})
