"""A refresh: load, build, check and commit in one transaction, so that readers see the old whole or the new whole.

A rollback is the same with the lines before in place of a file's.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import partial
from hashlib import sha256
from typing import Any

from psycopg2 import OperationalError, errors
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from bootstrap.connection import alone
from bootstrap.database import Origin
from bootstrap.errors import OLD_DASHBOARDS, CheckFailed, Interrupted, Locked, UsageError
from bootstrap.interruption import deferred
from bootstrap.lines import Changes, How, Loaded, MonthLines, lines
from bootstrap.progress import Progress, Step
from bootstrap.refresh.attempt import note_failure
from bootstrap.refresh.checks import check, without_broken_days
from bootstrap.refresh.origin import is_same, name_of, named, opened, unsaid
from bootstrap.refresh.receipt import Figures, Moved, Receipt, newest_receipt
from bootstrap.roles import grant_reading
from bootstrap.semantic.build import Build, build
from bootstrap.semantic.dependents import Dependent
from bootstrap.semantic.spec import Layer
from bootstrap.settings import who

CLOSED = "warehouse.closed_month"
"""The months that were declared complete."""

NOTED = ("warehouse.receipt", "warehouse.quarantine", "rollup.metric", "rollup.mart_column")
"""Tables that are written with the relations, and not followed."""

Change = Callable[[Mapping[date, str]], tuple[str, Loaded]]
"""Brings the warehouse up but for some days, with the contracts that they broke; where the lines are from, and more."""


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did.

    ``changed`` is false when there was nothing to do; ``proof`` then says how that is known, and ``is_read`` whether a
    file was read for it. ``dropped`` is what others built on relations that were replaced; of a plan, what would go.
    ``moved`` is who changed group; ``months``, of a plan, what would become of their lines.
    """

    receipt: Receipt
    changed: bool
    proof: str = ""
    is_read: bool = False
    dropped: Sequence[Dependent] = ()
    is_plan: bool = False
    needs_cascade: bool = False
    moved: Moved = field(default_factory=Counter)
    months: Sequence[MonthLines] = ()

    def lines(self) -> list[str]:
        """The same for people."""
        if self.changed:
            told = self.receipt.lines(self.moved, self.months, is_plan=self.is_plan)
            return [*told, *self._dropped_lines()]
        read = [*self.receipt.read_lines(), *self.receipt.warning_lines()] if self.is_read else []
        return [*read, f"Data: nothing to do: {self.proof}."]

    def _dropped_lines(self) -> list[str]:
        said = "would be dropped, so this needs --cascade" if self.needs_cascade else "dropped"
        said = said if self.needs_cascade or not self.is_plan else "would be dropped"
        return [f"! {said}: {one}" for one in self.dropped]


def fingerprint(layer: Layer, used_in: Mapping[str, Sequence[str]]) -> str:
    """One digest of all that decides, beside the source, what the warehouse and the mart hold."""
    digest = sha256(layer.model_dump_json().encode())
    digest.update(repr(sorted((metric, sorted(charts)) for metric, charts in used_in.items())).encode())
    digest.update(lines().digest().encode())
    return digest.hexdigest()


def refresh(
    owner_url: str,
    layer: Layer,
    *,
    source: Origin | None,
    max_rejects: float,
    progress: Progress,
    how: How | None = None,
    max_loss: float = 0.1,
    allow_loss: bool = False,
    append: bool = False,
    keep: int = 5,
    quarantine: bool = False,
    look_first: Callable[[Origin | None, bool], None] = lambda *_: None,
    used_in: Mapping[str, Sequence[str]] | None = None,
    plan_only: bool = False,
    definitions_only: bool = False,
    cascade: bool = False,
) -> Refreshed:
    """Bring the warehouse and the mart up to ``source``; without one, to the last source and the present definitions.

    With ``append`` the source is added to what is held, and replaces only what it holds; of a database, what is new.
    What the ``keep`` newest changes of lines replaced is kept for a rollback.

    ``how`` says how to read the source; without it and without ``source``, the last one is read as it was.
    ``used_in`` names the charts of each metric, for the metric catalogue. A source that takes more than ``max_loss`` of
    the lines away, or whole closed months, or the newest days, is refused, unless ``allow_loss``.
    With ``quarantine`` days of the file that break a contract are set aside, and the warehouse keeps what it held of
    them; a contract whose rows have no ``day``, or one that the file does not change, stops the refresh all the same.
    ``look_first`` is called with the file, and whether it is the first, once it is known that there is work to do.
    With ``definitions_only`` no file is looked at where lines were loaded before.
    With ``plan_only`` all of it is done, looked at, and rolled back: what it says is what a refresh would do.
    Where a relation of the mart has to be dropped, what others built on it is dropped too with ``cascade`` alone.

    Raises ``Locked`` when another refresh runs, ``SourceError`` for a source that cannot be read, ``Unreachable`` for a
    database that does not answer, ``SpecError`` when a relation cannot be built or cannot compute a metric,
    ``CheckFailed`` when a contract returns rows, relations disagree on a metric or others' work would be dropped.
    Whatever is raised, readers go on seeing what they saw.
    """
    with _transaction(owner_url, str(source or "the last source"), progress, plan_only=plan_only) as cursor:
        last, now = newest_receipt(cursor), fingerprint(layer, used_in or {})
        origin, how = (None, unsaid()) if definitions_only and last else named(source, how, last)
        if last and last.fingerprint == now and (origin is None or is_same(origin, how, last, append=append)):
            return Refreshed(last, changed=False, proof=_proof(last))
        look_first(origin, last is None)
        options = {"max_rejects": max_rejects, "max_loss": None if allow_loss else max_loss, "append": append}
        new_lines = partial(_new_lines, cursor, origin, how, last, progress, options)
        ways = {"cascade": cascade, "plan_only": plan_only, "quarantine": quarantine}
        return _apply(cursor, layer, new_lines, now, progress, used_in, None, keep=keep, **ways)


def rollback(
    owner_url: str,
    layer: Layer,
    *,
    to: int | None = None,
    progress: Progress,
    used_in: Mapping[str, Sequence[str]] | None = None,
    keep: int = 5,
    plan_only: bool = False,
) -> Refreshed:
    """Undo the newest refresh that changed lines: its days, and landing, become again what they were before it.

    With ``to``, the number of a receipt, all that changed lines after it are undone. The mart follows, by the present
    definitions. What is undone is kept as well, so that a second rollback brings it back. ``used_in``, ``keep`` and
    ``plan_only`` are those of ``refresh``.

    Raises ``UsageError`` when nothing is kept to roll back to, and else as ``refresh`` does.
    """
    with _transaction(owner_url, f"rollback{f' to {to}' if to else ''}", progress, plan_only=plan_only) as cursor:
        now = fingerprint(layer, used_in or {})

        def undo(_: Mapping[date, str]) -> tuple[str, Loaded]:
            return lines().roll_back(cursor, to=to, progress=progress)

        return _apply(cursor, layer, undo, now, progress, used_in, keep=keep, plan_only=plan_only)


def close(
    owner_url: str,
    layer: Layer,
    *,
    month: date,
    reopen: bool = False,
    progress: Progress,
    used_in: Mapping[str, Sequence[str]] | None = None,
    plan_only: bool = False,
) -> Refreshed:
    """Declare ``month`` (its first day) complete, or with ``reopen`` let its open days decide again; the mart follows.

    ``used_in`` and ``plan_only`` are those of ``refresh``. Raises ``UsageError`` for a month without lines, and else as
    ``refresh`` does.
    """
    with _transaction(owner_url, f"close {month:%Y-%m}", progress, plan_only=plan_only) as cursor:
        last, now = newest_receipt(cursor), fingerprint(layer, used_in or {})
        if last is None:
            raise UsageError(f"Nothing is loaded yet, so {month:%B %Y} cannot be closed. Load a file: lgs refresh.")
        noted = lines().close_month(cursor, month, reopen=reopen)
        if not noted:
            return Refreshed(
                last, changed=False, proof=f"{month:%B %Y} was {'not closed' if reopen else 'closed before'}"
            )

        def same(_: Mapping[date, str]) -> tuple[str, Loaded]:
            return _as_before(cursor, last, progress)

        return _apply(cursor, layer, same, now, progress, used_in, also={CLOSED: None}, plan_only=plan_only)


@contextmanager
def _transaction(owner_url: str, source: str, progress: Progress, *, plan_only: bool) -> Iterator[Cursor]:
    """One transaction under the lock, on tables of the newest edition: committed, or with ``plan_only`` rolled back.

    One that fails is noted, as an attempt to load ``source``.
    """
    began, earlier, is_committed = time.monotonic(), len(progress.steps), False
    try:
        with alone(owner_url) as connection, connection.cursor() as cursor, _explained(connection):
            lines().upgrade(connection)
            yield cursor
            with deferred():
                connection.rollback() if plan_only else connection.commit()
                is_committed = not plan_only
    except BaseException as error:
        if isinstance(error, Interrupted):
            error.add_note(OLD_DASHBOARDS if is_committed else "Nothing was changed.")
        if not plan_only and not is_committed:
            step = next((step.name for step in progress.steps[earlier:] if not step.is_done), "")
            note_failure(owner_url, error, source=source, step=step, seconds=time.monotonic() - began)
        raise


@contextmanager
def _explained(connection: Connection) -> Iterator[None]:
    """What the server cannot do becomes one sentence. It has undone the transaction by then."""
    try:
        yield
    except errors.LockNotAvailable as error:
        raise Locked(
            f"Somebody holds a table of the warehouse for too long ({error.diag.message_primary}), so nothing was "
            "changed. Wait until a long query or a backup has ended, then try again."
        ) from error
    except OperationalError as error:
        if connection.closed:
            raise
        raise CheckFailed(
            f"PostgreSQL cannot go on: {error.diag.message_primary}. Nothing was changed. Give it what it lacks, "
            "such as room on its disk, then try again."
        ) from error


def _apply(
    cursor: Cursor,
    layer: Layer,
    change_lines: Change,
    now: str,
    progress: Progress,
    used_in: Mapping[str, Sequence[str]] | None,
    also: Changes | None = None,
    cascade: bool = False,
    keep: int = 5,
    plan_only: bool = False,
    quarantine: bool = False,
) -> Refreshed:
    """All of the one transaction. ``also`` are tables that changed although no line did."""
    earlier = len(progress.steps)
    before = Figures.read(cursor)

    def bring_up(aside: Mapping[date, str]) -> tuple[str, Loaded, Build]:
        source, loaded = change_lines(aside)
        built = build(
            cursor,
            layer,
            changes=None if loaded.changes is None else {**loaded.changes, **(also or {})},
            progress=progress,
            used_in=used_in,
            check=partial(check, cursor, layer, progress, loaded),
            cascade=cascade or plan_only,
        )
        return source, loaded, built

    source, loaded, built = without_broken_days(cursor, bring_up) if quarantine else bring_up({})
    grant_reading(cursor)
    after, seconds = Figures.read(cursor), _seconds(progress.steps[earlier:])
    moved = before.moved(after) if before.groups else Counter()
    receipt = _receipt(before, after, source, loaded, moves=moved.total(), fingerprint=now, seconds=seconds)
    receipt.relations = built.reached(layer, NOTED)
    months: Sequence[MonthLines] = ()
    if not plan_only:
        receipt.save(cursor)
        lines().sign(cursor, receipt.receipt_id or 0, keep=keep)
    elif loaded.days_changed:
        months = lines().compared(cursor, loaded.days_changed)
    if built.changed:
        done = Refreshed(receipt, changed=True, dropped=built.dropped, moved=moved, months=months)
        return replace(done, is_plan=plan_only, needs_cascade=plan_only and not cascade)
    proof = "each day's content hash is what it was"
    return Refreshed(receipt, changed=False, proof=proof, is_read=True)


def _seconds(steps: Sequence[Step]) -> dict[str, float]:
    """The time by step; one that was done again has the time of both."""
    seconds: dict[str, float] = {}
    for step in steps:
        seconds[step.name] = round(seconds.get(step.name, 0) + step.seconds, 3)
    return seconds


def _new_lines(
    cursor: Cursor,
    origin: Origin | None,
    how: How,
    last: Receipt | None,
    progress: Progress,
    options: Mapping[str, Any],
    aside: Mapping[date, str],
) -> tuple[str, Loaded]:
    """The lines of the source but for days that are set ``aside``, or without one those that are held.

    ``options`` are those of a load.
    """
    if origin is None:
        return _as_before(cursor, last, progress)
    source = opened(origin, how)
    are_old = bool(options["append"] and last) and lines().is_outdated(cursor)
    if are_old:  # what a file is added to has to be read by the same rules
        lines().load_again(cursor, progress=progress)
    loaded = lines().load(cursor, source, aside=aside, progress=progress, **options)
    return name_of(origin), replace(loaded, changes=None) if are_old else loaded


def _receipt(
    before: Figures,
    after: Figures,
    source: str,
    loaded: Loaded,
    *,
    fingerprint: str,
    moves: int,
    seconds: dict[str, float],
) -> Receipt:
    """What the load did, and what the figures were before it and are after it."""
    return Receipt(
        source=source,
        **{name: value for name, value in asdict(loaded).items() if name != "changes"},
        months_changed=loaded.months_changed,
        fingerprint=fingerprint,
        run_by=who(),
        before=before.headline,
        after=after.headline,
        closed_month_changes=before.closed_month_changes(after),
        moves=moves,
        seconds=seconds,
    )


def _as_before(cursor: Cursor, last: Receipt | None, progress: Progress) -> tuple[str, Loaded]:
    """The lines of the receipt before: only definitions changed. Where their rules did, landing is loaded again."""
    if last is None:
        raise AssertionError("a refresh has a source or a receipt before it")
    if lines().is_outdated(cursor):
        return last.source, lines().load_again(cursor, progress=progress)
    facts = last.model_dump(include={"form", "sha256", "lines_read", "lines_kept", "rejected", "account", "is_append"})
    return last.source, Loaded(**facts, changes={})


def _proof(last: Receipt) -> str:
    return (
        f"the source's sha256 {last.sha256[:12]} and the definitions' {last.fingerprint[:12]} "
        f"are those of receipt {last.receipt_id} of {last.refreshed_at:%Y-%m-%d %H:%M}"
    )
