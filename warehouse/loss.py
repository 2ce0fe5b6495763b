"""A limit to what a file may take away from what is held, since it replaces everything."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Protocol

from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import SourceError
from warehouse.demo import DEMO_FILE

_WAY_OUT = (
    "A file replaces everything that is loaded, so load one that holds all of it. If that is what you want, "
    "say --allow-loss."
)


class _Month(Protocol):
    @property
    def lines(self) -> int: ...


def refuse_loss(
    cursor: Cursor, path: Path, months: Mapping[date, _Month], held: Mapping[date, _Month], *, max_loss: float
) -> None:
    """Raises ``SourceError`` when the file in landing lacks closed months, days at the end, or too many lines.

    ``months`` is what the file has, ``held`` what the warehouse has; ``max_loss`` is a share of its lines, 0 to 1. What
    was generated for a demo may always be replaced.
    """
    if not held or _is_demo(cursor):
        return
    gone = [month for month in sorted(held) if month not in months]
    lost = sum(
        max(0, content.lines - (months[month].lines if month in months else 0)) for month, content in held.items()
    )
    total = sum(content.lines for content in held.values())
    last, last_held = _last_days(cursor)
    if any(month < max(held) for month in gone):
        what = (
            f"has {_spell(sorted(months))}; {_spell(gone)}, which {'is' if len(gone) == 1 else 'are'} loaded, would go"
        )
    elif last < last_held:
        what = f"ends on {last:%-d %B %Y}; the data that is loaded ends on {last_held:%-d %B %Y}"
    elif lost > max_loss * total:
        what = f"would take away more than {max_loss:.1%} of the lines that are loaded"
    else:
        return
    pounds = _pounds(cursor, [month for month in held if month not in months])
    amount = f", £{pounds:,.2f} of sales in whole months" if pounds else ""
    raise SourceError(f"{what} ({lost:,} of {total:,} lines{amount}). {_WAY_OUT}", path=path)


def _is_demo(cursor: Cursor) -> bool:
    """Whether what is loaded was generated. Its source is in landing_replaced while another is read."""
    cursor.execute("select file = %s or account @> '{\"is_demo\": true}' from landing_replaced.source", [DEMO_FILE])
    return cursor.fetchone() == (True,)


def _last_days(cursor: Cursor) -> tuple[date, date]:
    cursor.execute(
        "select (select max(day) from landing.fingerprint), "
        "(select max(date) from warehouse.calendar where is_trading_day)"
    )
    last, last_held = cursor.fetchone() or (None, None)
    return last or date.min, last_held or date.min


def _pounds(cursor: Cursor, months: list[date]) -> float:
    cursor.execute("select coalesce(sum(amount), 0) from warehouse.month where month = any(%s)", [months])
    return float((cursor.fetchone() or (0,))[0])


def _spell(months: list[date]) -> str:
    """Runs of months in words: January to March 2011, May 2011."""
    runs: list[list[date]] = []
    for month in months:
        if runs and (month.year * 12 + month.month) - (runs[-1][-1].year * 12 + runs[-1][-1].month) == 1:
            runs[-1].append(month)
        else:
            runs.append([month])
    return ", ".join(_run(run) for run in runs) or "no month"


def _run(run: list[date]) -> str:
    if len(run) == 1:
        return f"{run[0]:%B %Y}"
    first = f"{run[0]:%B}" if run[0].year == run[-1].year else f"{run[0]:%B %Y}"
    return f"{first} to {run[-1]:%B %Y}"
