"""What each refresh did, and how one published number came to be what it is, from the receipts."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from bootstrap.connection import connected
from bootstrap.errors import UsageError
from bootstrap.refresh.attempt import Attempt, read_attempts
from bootstrap.refresh.receipt import Receipt, Told, read_receipts
from bootstrap.semantic.document import nearest


def receipts(owner_url: str) -> list[Receipt]:
    """Those of all refreshes that were committed, the newest first. Raises ``UsageError`` where there is none."""
    with connected(owner_url) as connection, connection.cursor() as cursor:
        found = read_receipts(cursor)
    if not found:
        raise UsageError("Nothing is loaded yet, so there is no history. Load a file: lgs refresh --source PATH.")
    return found


def failures(owner_url: str) -> list[Attempt]:
    """The refreshes that failed, the newest first."""
    with connected(owner_url) as connection, connection.cursor() as cursor:
        return read_attempts(cursor)


def history_lines(found: Sequence[Receipt], failed: Sequence[Attempt] = ()) -> Iterator[str]:
    """Each refresh in two or three lines: what was loaded, and the headline figures that it changed; or why it failed.

    Of those that failed, the ones after the oldest receipt are told.
    """
    told, oldest = Told.read(), found[-1].refreshed_at
    waiting = [attempt for attempt in failed if oldest and attempt.failed_at and attempt.failed_at > oldest]
    for receipt in found:
        while waiting and _is_after(waiting[0], receipt):
            yield waiting.pop(0).line()
        yield _head(receipt)
        changed = {name: value for name, value in receipt.after.items() if value != receipt.before.get(name)}
        figures = (_change(told, name, receipt.before.get(name), value) for name, value in changed.items())
        yield f"    {'; '.join(figures) or 'no headline figure changed'}"
        if receipt.closed_month_changes:
            months = sorted({change.month for change in receipt.closed_month_changes})
            yield f"    ! numbers moved in closed months: {', '.join(f'{month:%B %Y}' for month in months)}"


def metric_lines(found: Sequence[Receipt], metric: str, month: date | None) -> Iterator[str]:
    """Each change of one number, the newest first: a headline figure, or with ``month`` a number of that closed month.

    Raises ``UsageError`` for a name that no receipt has.
    """
    told, name = Told.read(), metric.replace("-", "_")
    changes = [(receipt, *pair) for receipt in found for pair in _pairs(receipt, name, month)]
    if not changes:
        known = {change.metric for receipt in found for change in receipt.closed_month_changes if change.month == month}
        known |= {key for receipt in found for key in receipt.after if month is None}
        what = f"of {month:%B %Y} changed" if month else "is a headline figure"
        hint = f" {nearest(name, known)}" if known else ""
        raise UsageError(f"No refresh tells that {name!r} {what}.{hint}")
    for receipt, before, after in changes:
        yield _head(receipt)
        yield f"    {_change(told, name, before, after)}"


def _pairs(receipt: Receipt, name: str, month: date | None) -> Iterator[tuple[Any, Any]]:
    """The number before and after, where the refresh changed it."""
    if month is None:
        if name in receipt.after and receipt.after[name] != receipt.before.get(name):
            yield receipt.before.get(name), receipt.after[name]
        return
    for change in receipt.closed_month_changes:
        if (change.month, change.metric) == (month, name):
            yield change.before, change.after


def _is_after(attempt: Attempt, receipt: Receipt) -> bool:
    return bool(attempt.failed_at and receipt.refreshed_at and attempt.failed_at > receipt.refreshed_at)


def _head(receipt: Receipt) -> str:
    added = ", added" if receipt.is_append else ""
    days = f"{len(receipt.days_changed):,} {'day' if len(receipt.days_changed) == 1 else 'days'} changed"
    seconds = f"{sum(receipt.seconds.values()):.1f} s" + (f", by {receipt.run_by}" if receipt.run_by else "")
    return (
        f"{receipt.receipt_id}  {receipt.refreshed_at:%Y-%m-%d %H:%M}  {PurePath(receipt.source).name}{added}: "
        f"{receipt.lines_read:,} {'line' if receipt.lines_read == 1 else 'lines'} read, {days}, {seconds}"
    )


def _change(told: Told, name: str, before: Any, after: Any) -> str:
    old, new = (told.shown(name, _number(value)) for value in (before, after))
    return f"{name.replace('_', ' ')}: {new}" if before is None else f"{name.replace('_', ' ')}: {old} -> {new}"


def _number(value: Any) -> Any:
    """A receipt keeps money as text, so that no digit is lost."""
    try:
        return Decimal(value) if isinstance(value, str) else value
    except ArithmeticError:
        return value
