"""A refresh: load, build, check and commit in one transaction, so that readers see the old whole or the new whole.

A rollback is the same with the lines before in place of a file's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from psycopg2 import OperationalError, errors
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from bootstrap.connection import alone
from bootstrap.contracts import Contract, Rule, run_contracts
from bootstrap.database import Database, Origin
from bootstrap.errors import CheckFailed, Locked, SourceError, UsageError
from bootstrap.lines import Changes, How, Loaded, Opened, lines
from bootstrap.progress import Progress
from bootstrap.refresh.receipt import Figures, Receipt, newest_receipt
from bootstrap.roles import grant_reading
from bootstrap.semantic.build import Build, build
from bootstrap.semantic.dependents import Dependent
from bootstrap.semantic.keys import reference_checks
from bootstrap.semantic.spec import Layer
from bootstrap.semantic.statement import renamed
from bootstrap.semantic.totals import check_metrics

CLOSED = "warehouse.closed_month"
"""The months that were declared complete."""


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did.

    ``changed`` is false when there was nothing to do; ``proof`` then says how that is known, and ``is_read`` whether a
    file was read for it. ``dropped`` is what others built on relations that were replaced; of a plan, what would go.
    """

    receipt: Receipt
    changed: bool
    proof: str = ""
    is_read: bool = False
    dropped: Sequence[Dependent] = ()
    is_plan: bool = False

    def lines(self) -> list[str]:
        """The same for people."""
        if self.changed:
            return [*self.receipt.lines(), *self._dropped_lines()]
        read = [*self.receipt.read_lines(), *self.receipt.warning_lines()] if self.is_read else []
        return [*read, f"Data: nothing to do: {self.proof}."]

    def _dropped_lines(self) -> list[str]:
        said = "would be dropped, so this needs --cascade" if self.is_plan else "dropped"
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
    used_in: Mapping[str, Sequence[str]] | None = None,
    plan_only: bool = False,
    definitions_only: bool = False,
    cascade: bool = False,
) -> Refreshed:
    """Bring the warehouse and the mart up to ``source``; without one, to the last source and the present definitions.

    With ``append`` the source is added to what is held, and replaces only what it holds; of a database, what is new.

    ``how`` says how to read the source; without it and without ``source``, the last one is read as it was.
    ``used_in`` names the charts of each metric, for the metric catalogue. A source that takes more than ``max_loss`` of
    the lines away, or whole closed months, or the newest days, is refused, unless ``allow_loss``.
    With ``definitions_only`` no file is looked at where lines were loaded before.
    With ``plan_only`` all of it is done, looked at, and rolled back: what it says is what a refresh would do.
    Where a relation of the mart has to be dropped, what others built on it is dropped too with ``cascade`` alone.

    Raises ``Locked`` when another refresh runs, ``SourceError`` for a source that cannot be read, ``Unreachable`` for a
    database that does not answer, ``SpecError`` when a relation cannot be built or cannot compute a metric,
    ``CheckFailed`` when a contract returns rows, relations disagree on a metric or others' work would be dropped.
    Whatever is raised, readers go on seeing what they saw.
    """
    with _transaction(owner_url, plan_only=plan_only) as cursor:
        last, now = newest_receipt(cursor), fingerprint(layer, used_in or {})
        origin, how = (None, _unsaid()) if definitions_only and last else _named(source, how, last)
        if last and last.fingerprint == now and (origin is None or _is_same(origin, how, last, append=append)):
            return Refreshed(last, changed=False, proof=_proof(last))
        opened = (_name(origin), _open(origin, how)) if origin else None
        most = None if allow_loss else max_loss
        options = {"max_rejects": max_rejects, "max_loss": most, "append": append}
        new_lines = partial(_new_lines, cursor, opened, last, progress, **options)
        return _apply(cursor, layer, new_lines, now, progress, used_in, cascade=cascade, plan_only=plan_only)


def rollback(
    owner_url: str,
    layer: Layer,
    *,
    progress: Progress,
    used_in: Mapping[str, Sequence[str]] | None = None,
    plan_only: bool = False,
) -> Refreshed:
    """Undo the newest refresh that changed lines: its months, and landing, become again what they were before it.

    The mart follows, by the present definitions. What is undone is kept as well, so that a second rollback brings it
    back. ``used_in`` and ``plan_only`` are those of ``refresh``.

    Raises ``UsageError`` when nothing is kept to roll back to, and else as ``refresh`` does.
    """
    with _transaction(owner_url, plan_only=plan_only) as cursor:
        now = fingerprint(layer, used_in or {})
        undo = partial(lines().roll_back, cursor, progress=progress)
        return _apply(cursor, layer, undo, now, progress, used_in, plan_only=plan_only)


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
    with _transaction(owner_url, plan_only=plan_only) as cursor:
        last, now = newest_receipt(cursor), fingerprint(layer, used_in or {})
        if last is None:
            raise UsageError(f"Nothing is loaded yet, so {month:%B %Y} cannot be closed. Load a file: lgs refresh.")
        noted = lines().close_month(cursor, month, reopen=reopen)
        if not noted:
            return Refreshed(
                last, changed=False, proof=f"{month:%B %Y} was {'not closed' if reopen else 'closed before'}"
            )
        same = partial(_as_before, cursor, last, progress)
        return _apply(cursor, layer, same, now, progress, used_in, also={CLOSED: None}, plan_only=plan_only)


@contextmanager
def _transaction(owner_url: str, *, plan_only: bool) -> Iterator[Cursor]:
    """One transaction under the lock, on tables of the newest edition: committed, or with ``plan_only`` rolled back."""
    with alone(owner_url) as connection, connection.cursor() as cursor, _explained(connection):
        lines().upgrade(connection)
        yield cursor
        connection.rollback() if plan_only else connection.commit()


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


def _name(origin: Origin) -> str:
    """What a receipt calls it."""
    return str(origin.absolute() if isinstance(origin, Path) else origin)


def _open(origin: Origin, how: How) -> Opened:
    return lines().open_database(origin, how) if isinstance(origin, Database) else lines().open(origin, how)


def _named(source: Origin | None, how: How | None, last: Receipt | None) -> tuple[Origin | None, How]:
    """The named source, else the last one if its file is still there, else ``None``: what is loaded is kept.

    And how to read it: as is said now, or as the same file was read before.
    """
    how = how or _unsaid()
    if last is None and source is None:
        raise SourceError("There is nothing to load yet. Name the file: lgs refresh --source PATH, or set LGS_SOURCE.")
    if last and (source is None or _name(source) == last.source) and how.says_nothing:
        how = lines().remembered(last.account)
    path = source or (Path(last.source) if last and not last.is_append and Path(last.source).is_file() else None)
    return path, how


def _unsaid() -> How:
    return lines().said(None, dates=None, only=(), skip=())


def _is_same(origin: Origin, how: How, last: Receipt, *, append: bool) -> bool:
    """Whether the file is the one of the receipt, and would be read in the same way. A database has to be read."""
    if append != last.is_append or how != lines().remembered(last.account):
        return False
    return isinstance(origin, Path) and origin.is_file() and lines().sha256(origin) == last.sha256


def _apply(
    cursor: Cursor,
    layer: Layer,
    change_lines: Callable[[], tuple[str, Loaded]],
    now: str,
    progress: Progress,
    used_in: Mapping[str, Sequence[str]] | None,
    also: Changes | None = None,
    cascade: bool = False,
    plan_only: bool = False,
) -> Refreshed:
    """All of the one transaction. ``change_lines`` brings the warehouse up, and says where its lines are from.

    ``also`` are tables that changed although no line did.
    """
    earlier = len(progress.steps)
    before = Figures.read(cursor)
    source, loaded = change_lines()
    built = build(
        cursor,
        layer,
        changes=None if loaded.changes is None else {**loaded.changes, **(also or {})},
        progress=progress,
        used_in=used_in,
        check=partial(_check, cursor, layer, progress, narrow=bool(loaded.changes)),
        cascade=cascade or plan_only,
    )
    grant_reading(cursor)
    seconds = {step.name: round(step.seconds, 3) for step in progress.steps[earlier:]}
    receipt = _receipt(before, Figures.read(cursor), source, loaded, fingerprint=now, seconds=seconds)
    receipt.save(cursor)
    if built.changed:
        return Refreshed(receipt, changed=True, dropped=built.dropped, is_plan=plan_only and not cascade)
    proof = "each day's content hash is what it was"
    return Refreshed(receipt, changed=False, proof=proof, is_read=True)


def _new_lines(
    cursor: Cursor, opened: tuple[str, Opened] | None, last: Receipt | None, progress: Progress, **options: Any
) -> tuple[str, Loaded]:
    """The lines of the source of this name, or without one those that are held. ``options`` are those of a load."""
    if opened is None:
        return _as_before(cursor, last, progress)
    are_old = bool(options["append"] and last) and lines().is_outdated(cursor)
    if are_old:  # what a file is added to has to be read by the same rules
        lines().load_again(cursor, progress=progress)
    name, source = opened
    loaded = lines().load(cursor, source, progress=progress, **options)
    return name, replace(loaded, changes=None) if are_old else loaded


def _receipt(
    before: Figures, after: Figures, source: str, loaded: Loaded, *, fingerprint: str, seconds: dict[str, float]
) -> Receipt:
    """What the load did, and what the figures were before it and are after it."""
    return Receipt(
        source=source,
        **{name: value for name, value in asdict(loaded).items() if name != "changes"},
        months_changed=loaded.months_changed,
        fingerprint=fingerprint,
        before=before.headline,
        after=after.headline,
        closed_month_changes=before.closed_month_changes(after),
        moves=before.moves(after) if before.groups else 0,
        seconds=seconds,
    )


def _check(cursor: Cursor, layer: Layer, progress: Progress, built: Build, *, narrow: bool) -> None:
    """All that must hold before anybody sees what was built; with ``narrow``, of the lines that changed."""
    looked_at = {contract.name: contract.sql for contract in lines().contracts(narrow=True)} if narrow else {}
    with progress.step("Contracts") as step:
        contracts = [*lines().contracts(), *_twin_contracts(layer)]
        step.note = f"{run_contracts(cursor, contracts, partial(_as_run, looked_at, built))} hold"
    if built.changed:
        with progress.step("Metrics") as step:
            step.note = f"{check_metrics(cursor, layer, built.names)} computed, relations agree"


def _as_run(looked_at: Mapping[str, str], built: Build, rule: Rule) -> str:
    """The SQL of a contract on what there is before relations take their places."""
    return renamed(looked_at.get(rule.name, rule.sql), built.names)


def _twin_contracts(layer: Layer) -> list[Contract]:
    return [
        Contract(name=f"{twin.relation}: {check.name}", description=check.description, sql=check.sql)
        for twin in layer.twins
        for check in (*twin.checks, *reference_checks(layer, twin))
    ]


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
