"""Brings back the generation before: what the newest refresh that changed lines replaced.

That refresh kept it: ``landing_before`` is landing as it was, ``warehouse_before`` the lines of the changed days.
A rollback exchanges the two, so a second one goes forward again. Of a file that was added to those before it, only
that file moves between the two.
"""

from dataclasses import dataclass, replace
from datetime import date

from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import UsageError
from bootstrap.lines import Loaded
from bootstrap.progress import Progress
from warehouse.changes import days_of
from warehouse.dimensions import follow
from warehouse.load import by_other_rules, prepare
from warehouse.quarantine import undo_quarantine
from warehouse.queries import query
from warehouse.refusal import count_rejects


@dataclass(frozen=True)
class _Before:
    """The change to undo. Landing keeps, of what was before it, files from the ``first_kept`` on, 0 for none."""

    receipt_id: int
    days: list[date]
    first_kept: int
    newest: int


def roll_back(cursor: Cursor, *, progress: Progress) -> tuple[str, Loaded]:
    """Exchange lines and landing for those before, in the open transaction of ``cursor``, as ``lgs_owner``.

    Returns in words what was rolled back to, and what is known of the load of those lines. Raises ``UsageError`` when
    no generation before is kept, or when it was classified by other rules than these.
    """
    before = _before(cursor)
    prepare(cursor)
    with progress.step("take the lines back") as step:
        cursor.execute(query("swap_days", take_days=query("take_days")), days_of(before.days))
        _exchange_landing(cursor, before)
        undo_quarantine(cursor, before.receipt_id)
        file, known = _newest_file(cursor)
        step.note = f"{len(before.days)} days, of {file}"
    with progress.step("derive dimensions"):
        changes = follow(cursor, before.days)
    return f"rollback of receipt {before.receipt_id} to {file}", replace(
        known, days_changed=before.days, changes=changes
    )


def _before(cursor: Cursor) -> _Before:
    cursor.execute(query("before"))
    found = cursor.fetchone()
    before = _Before(*found) if found else None
    if before is None or not (before.first_kept or before.newest > 1):
        raise UsageError(
            "There is no generation to roll back to: one is kept when a refresh replaces lines, and none has yet. "
            "To have other lines, hand over their file: lgs refresh --source PATH."
        )
    if by_other_rules(cursor, "warehouse_before"):
        raise UsageError(
            "The lines before were classified by the rules of another version of lgs. "
            "Roll back with that version, or load their file again: lgs refresh --source PATH."
        )
    return before


def _exchange_landing(cursor: Cursor, before: _Before) -> None:
    """Exchange the generations; where a file was added, move that file alone out, or in again."""
    if before.first_kept == 1:
        cursor.execute(query("swap_landing"))
    elif before.first_kept:
        _move(cursor, before.first_kept, origin="landing_before", target="landing")
    else:
        _move(cursor, before.newest, origin="landing", target="landing_before")


def _move(cursor: Cursor, load_id: int, **schemas: str) -> None:
    cursor.execute(query("move_load", **schemas), {"load_id": load_id})


def _newest_file(cursor: Cursor) -> tuple[str, Loaded]:
    cursor.execute(
        "select load_id, file, form, sha256, lines_read, account from landing.source order by load_id desc limit 1"
    )
    load_id, file, form, sha256, lines_read, account = cursor.fetchone() or (1, "", "", "", 0, {})
    rejected = count_rejects(cursor, load_id)
    return file, Loaded(form, sha256, lines_read, lines_read - sum(rejected.values()), rejected, account=account)
