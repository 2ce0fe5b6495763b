"""Brings back the generation before: what the newest refresh that changed lines replaced.

That refresh kept it: ``landing_before`` is landing as it was, ``warehouse_before`` the lines of the changed months.
A rollback exchanges the two, so a second one goes forward again.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import UsageError
from bootstrap.lines import Loaded
from bootstrap.progress import Progress
from warehouse.dimensions import refresh_dimensions
from warehouse.load import by_other_rules, count_rejects, prepare
from warehouse.queries import query


@dataclass(frozen=True)
class _Before:
    """The file of the generation before, and what was changed after it."""

    file: str
    form: str
    sha256: str
    lines_read: int
    account: dict[str, Any]
    receipt_id: int
    months: list[date]


def roll_back(cursor: Cursor, *, progress: Progress) -> tuple[str, Loaded]:
    """Exchange lines and landing for those before, in the open transaction of ``cursor``, as ``lgs_owner``.

    Returns in words what was rolled back to, and what is known of the load of those lines. Raises ``UsageError`` when
    no generation before is kept, or when it was classified by other rules than these.
    """
    before = _before(cursor)
    prepare(cursor)
    with progress.step("take the lines back") as step:
        cursor.execute(query("swap_months", take_months=query("take_months")), {"months": before.months})
        cursor.execute(query("swap_landing"))
        step.note = f"{len(before.months)} months, of {before.file}"
    with progress.step("derive dimensions"):
        refresh_dimensions(cursor)
    rejected = count_rejects(cursor)
    kept = before.lines_read - sum(rejected.values())
    loaded = Loaded(before.form, before.sha256, before.lines_read, kept, rejected, before.months, before.account)
    return f"rollback of receipt {before.receipt_id} to {before.file}", loaded


def _before(cursor: Cursor) -> _Before:
    cursor.execute(query("before"))
    found = cursor.fetchone()
    if found is None:
        raise UsageError(
            "There is no generation to roll back to: one is kept when a refresh replaces lines, and none has yet. "
            "To have other lines, hand over their file: lgs refresh --source PATH."
        )
    before = _Before(*found)
    if by_other_rules(cursor, "warehouse_before"):
        raise UsageError(
            f"The lines before, of {before.file}, were classified by the rules of another version of lgs. "
            "Roll back with that version, or load the file again: lgs refresh --source PATH."
        )
    return before
