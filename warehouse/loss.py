"""A limit to what a file may take away from what is held, since it replaces everything."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Protocol

from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import SourceError
from warehouse.demo import DEMO_FILE

_WAY_OUT = (
    "A file replaces everything that is loaded, unless --append adds it: then its invoices replace those of the same "
    "number, and all else stays. If these lines shall go, say --allow-loss."
)
_WAY_OUT_OF_ADDING = "Its invoices replace those of the same number. If these lines shall go, say --allow-loss."


class _Day(Protocol):
    @property
    def lines(self) -> int: ...


def refuse_loss(
    cursor: Cursor,
    path: Path,
    days: Mapping[date, _Day],
    held: Mapping[date, _Day],
    *,
    max_loss: float,
    append: bool = False,
) -> None:
    """Raises ``SourceError`` when the file in landing lacks closed months, days at the end, or too many lines.

    ``days`` is what there will be, ``held`` what the warehouse has, with ``append`` of the days that the file touches;
    ``max_loss`` is a share of all its lines, 0 to 1. What was generated for a demo may always be replaced.
    """
    if not held or _is_demo(cursor):
        return
    months, held_months = _by_month(days), _by_month(held)
    gone = [] if append else [month for month in sorted(held_months) if month not in months]
    lost = sum(max(0, lines - months.get(month, 0)) for month, lines in held_months.items())
    total = _lines_held(cursor)
    if any(month < max(held_months) for month in gone):
        what = (
            f"has {_spell(sorted(months))}; {_spell(gone)}, which {'is' if len(gone) == 1 else 'are'} loaded, would go"
        )
    elif not append and max(days) < max(held):
        what = f"ends on {max(days):%-d %B %Y}; the data that is loaded ends on {max(held):%-d %B %Y}"
    elif lost > max_loss * total:
        what = f"would take away more than {max_loss:.1%} of the lines that are loaded"
    else:
        return
    pounds = _pounds(cursor, gone)
    amount = f", £{pounds:,.2f} of sales in whole months" if pounds else ""
    way_out = _WAY_OUT_OF_ADDING if append else _WAY_OUT
    raise SourceError(f"{what} ({lost:,} of {total:,} lines{amount}). {way_out}", path=path)


def _by_month(days: Mapping[date, _Day]) -> Counter[date]:
    lines: Counter[date] = Counter()
    for day, content in days.items():
        lines[day.replace(day=1)] += content.lines
    return lines


def _lines_held(cursor: Cursor) -> int:
    cursor.execute("select coalesce(sum(lines), 0) from warehouse.day")
    return int((cursor.fetchone() or (0,))[0])


def _is_demo(cursor: Cursor) -> bool:
    """Whether what is loaded was generated. Its source is in landing_replaced while another is read."""
    cursor.execute("select file = %s or account @> '{\"is_demo\": true}' from landing_replaced.source", [DEMO_FILE])
    return cursor.fetchone() == (True,)


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
