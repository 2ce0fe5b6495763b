"""Brings back what was before the newest refreshes that changed lines, as far as ``warehouse.generations`` kept it.

A rollback is itself a change that is kept, so that a second one undoes the first.
"""

from collections.abc import Sequence
from dataclasses import replace

from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import UsageError
from bootstrap.lines import Loaded
from bootstrap.progress import Progress
from warehouse.dimensions import follow
from warehouse.generations import Change, put_days_back, put_landing_back, read_changes, take_days
from warehouse.load import prepare
from warehouse.quarantine import undo_quarantine
from warehouse.queries import rules
from warehouse.refusal import count_rejects


def roll_back(cursor: Cursor, *, to: int | None, progress: Progress) -> tuple[str, Loaded]:
    """Undo the newest change of lines, or all after the receipt ``to``, in the open transaction, as ``lgs_owner``.

    Returns in words what was rolled back to, and what is known of the load of those lines. Raises ``UsageError`` when
    what was before is not kept, or was classified by other rules than these.
    """
    undone = _undone(cursor, to)
    days = sorted({day for change in undone for day in change.days})
    prepare(cursor)
    with progress.step("take the lines back") as step:
        take_days(cursor, days)
        put_days_back(cursor, undone)
        put_landing_back(cursor, undone[-1])
        undo_quarantine(cursor, undone[-1].receipt_id - 1 if to is None else to)
        file, known = _newest_file(cursor)
        step.note = f"{len(days)} days, of {file}"
    with progress.step("derive dimensions"):
        changes = follow(cursor, days)
    numbers = sorted({change.receipt_id for change in undone})
    of = f"receipt {numbers[0]}" if len(numbers) == 1 else f"receipts {', '.join(map(str, numbers))}"
    return f"rollback of {of} to {file}", replace(known, days_changed=days, changes=changes)


def _undone(cursor: Cursor, to: int | None) -> Sequence[Change]:
    """The changes to undo, the newest first."""
    kept = read_changes(cursor)
    undone = kept[:1] if to is None else [change for change in kept if change.receipt_id > to]
    if to is not None:
        _require_reach(cursor, to, undone)
    if not undone or not undone[-1].files:
        raise UsageError(
            "There is no generation to roll back to: one is kept when a refresh replaces lines, and none has yet. "
            "To have other lines, load their file: lgs refresh --source PATH."
        )
    _require_rules(cursor, undone)
    return undone


def _require_reach(cursor: Cursor, to: int, undone: Sequence[Change]) -> None:
    cursor.execute(
        "select exists (select from warehouse.receipt where receipt_id = %s), "
        "array(select receipt_id from warehouse.receipt where receipt_id > %s and days_changed <> '[]' "
        "order by receipt_id)",
        [to, to],
    )
    is_known, later = cursor.fetchone() or (False, [])
    if not is_known:
        raise UsageError(f"There is no receipt {to}. lgs history lists them.")
    if not later:
        raise UsageError(f"No refresh changed lines after receipt {to}, so there is nothing to roll back.")
    if set(later) - {change.receipt_id for change in undone}:
        nearest = f"receipt {later[-len(undone) - 1]}" if undone else "none"
        raise UsageError(
            f"What was replaced after receipt {to} is not kept any more (LGS_KEEP_REFRESHES says how much is). "
            f"The oldest that can be rolled back to is {nearest}; for older lines, load their file: "
            "lgs refresh --source PATH."
        )


def _require_rules(cursor: Cursor, undone: Sequence[Change]) -> None:
    cursor.execute(
        "select exists (select from warehouse_before.day where change_id between %s and %s and rules <> %s)",
        [undone[-1].change_id, undone[0].change_id, rules()],
    )
    if cursor.fetchone() == (True,):
        raise UsageError(
            "The lines before were classified by the rules of another version of lgs. "
            "Roll back with that version, or load their file again: lgs refresh --source PATH."
        )


def _newest_file(cursor: Cursor) -> tuple[str, Loaded]:
    cursor.execute(
        "select load_id, file, form, sha256, lines_read, account from landing.source order by load_id desc limit 1"
    )
    load_id, file, form, sha256, lines_read, account = cursor.fetchone() or (1, "", "", "", 0, {})
    rejected = count_rejects(cursor, load_id)
    return file, Loaded(form, sha256, lines_read, lines_read - sum(rejected.values()), rejected, account=account)
