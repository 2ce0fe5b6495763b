"""Compares what a database counts on each day with what is held of it, and says where they differ.

Lines that were read and not kept, since they were rejected or passed over, are known by day: they stand in the account
of the load, under ``not_kept``, and count as held. An earlier file has them in ``landing.reject``.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from psycopg2.extensions import cursor as Cursor

from bootstrap.project import current
from warehouse.queries import query
from warehouse.sources import Source
from warehouse.sources.source import Tallies, Tally

_SHOWN = 10
_NOTHING = Tally()
_HELD = "select day, lines, amount from warehouse.day"
_KEPT = (
    "select invoice_at::date, count(*), sum(amount) from warehouse.line "
    "where invoice_no in (select invoice_no from file_invoice) group by 1"
)
_NOTED = "select account -> 'not_kept' from landing_replaced.source where account ? 'not_kept' order by load_id desc"


def leave_out_held(cursor: Cursor, source: Source) -> None:
    """Have a source that is added leave out what is held, where it can tell."""
    cursor.execute("select max(day) from warehouse.day")
    (last,) = cursor.fetchone() or (None,)
    source.leave_out_before(last)


def reconcile(cursor: Cursor, source: Source, *, append: bool) -> tuple[dict[str, Any], list[str]]:
    """What to note of a database in the account of its load, and warnings of the days that differ.

    For a source that counts nothing by itself there is neither.
    """
    if not source.there:
        return {}, []
    held = _tallies(cursor, _HELD)
    kept = _tallies(cursor, _KEPT) if append else held
    again = {day for day in source.read.keys() | kept.keys() if source.since is None or day >= source.since}
    before = {} if source.since is None else _noted(cursor)
    not_kept = before | {day: source.read.get(day, _NOTHING) - kept.get(day, _NOTHING) for day in again}
    here = {day: held.get(day, _NOTHING) + not_kept.get(day, _NOTHING) for day in held.keys() | not_kept.keys()}
    noted = {day.isoformat(): [one.lines, str(one.amount)] for day, one in not_kept.items() if one != _NOTHING}
    return {"not_kept": noted}, _warnings(source.there, here, source.since)


def _tallies(cursor: Cursor, sql: str) -> Tallies:
    cursor.execute(sql)
    return {day: Tally(lines, amount) for day, lines, amount in cursor.fetchall()}


def _noted(cursor: Cursor) -> Tallies:
    """What was not kept before, as the newest load of a database noted it, or as the rejects of files tell."""
    cursor.execute(_NOTED)
    found = cursor.fetchone()
    if found is None:
        return _tallies(cursor, query("rejected_by_day"))
    return {date.fromisoformat(day): Tally(lines, Decimal(amount)) for day, (lines, amount) in found[0].items()}


def _warnings(there: Tallies, here: Tallies, since: date | None) -> list[str]:
    days = sorted(day for day in there.keys() | here.keys() if _differ(there, here, day))
    late = [day for day in days if since and day < since]
    found = []
    if late:
        back = (max(here) - late[0]).days
        ways = ["Read the table whole: lgs refresh without --append."]
        if all(there.get(day, _NOTHING).lines >= here.get(day, _NOTHING).lines for day in late):
            ways = [f"Read the table whole, without --append, or look further back: LGS_LOOK_BACK={back}."]
        found.append(f"{_shown(late, there, here)} before the look-back, which begins on {_spelt(since)}. {ways[0]}")
    if recent := [day for day in days if day not in late]:
        way = "Read the table whole: lgs refresh without --append." if since else "Read it again when nothing writes."
        found.append(f"{_shown(recent, there, here)} although they were just read. {way}")
    return found


def _differ(there: Tallies, here: Tallies, day: date) -> bool:
    """By a line, or by half a penny: sums of a real or double are not exact."""
    apart = there.get(day, _NOTHING) - here.get(day, _NOTHING)
    return apart.lines != 0 or abs(apart.amount) >= Decimal("0.005")


def _shown(days: list[date], there: Tallies, here: Tallies) -> str:
    texts = [_of_day(day, there.get(day, _NOTHING), here.get(day, _NOTHING)) for day in days[:_SHOWN]]
    more = [f"and {len(days) - _SHOWN:,} more days"] if len(days) > _SHOWN else []
    return f"the database differs from what is loaded: {'; '.join([*texts, *more])};"


def _of_day(day: date, there: Tally, here: Tally) -> str:
    if there.lines != here.lines:
        return f"{_spelt(day)} has {there.lines:,} {'line' if there.lines == 1 else 'lines'} there, {here.lines:,} here"
    return f"{_spelt(day)} has {current().amount(there.amount)} there, {current().amount(here.amount)} here"


def _spelt(day: date | None) -> str:
    return f"{day:%-d %B %Y}"
