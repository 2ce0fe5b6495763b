"""Loads a source into ``landing`` and ``warehouse``, inside the transaction of the caller.

Lines go to ``landing`` as they are. There they are hashed by day, and only the days whose hash differs from what the
warehouse holds are replaced. A file that is added replaces its own invoices: the days that it touches are compared with
the lines of other invoices in them.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from psycopg2 import DataError, NotSupportedError
from psycopg2.extensions import cursor as Cursor

from bootstrap.lines import Changes, Loaded, SetAside
from bootstrap.progress import Progress
from warehouse.changes import days_of
from warehouse.countries import put_spellings
from warehouse.demo import DEMO_MARK
from warehouse.dimensions import follow
from warehouse.generations import note_landing, take_days
from warehouse.judge import Reading, judge, words_for_nothing
from warehouse.landing import Kept, land, note_source, put_rejects, settle
from warehouse.loss import refuse_loss
from warehouse.novelty import Kinds, warnings
from warehouse.quarantine import Aside, days_set_aside, put_aside
from warehouse.queries import query, rules
from warehouse.reconciling import leave_out_held, reconcile
from warehouse.refusal import count_rejects, pass_over, refuse_other_currencies, refuse_rejects, statuses
from warehouse.sources import Source

_NOT_REJECTED = (
    "not exists (select from landing.reject where reject.landing_line = line.line_number "
    "and reject.load_id = line.load_id)"
)
_CHANGED = "line.line_number in (select line_number from landing.fingerprint where day = any(%(days)s))"
_ALL = "select * from landing.fingerprint"
_SAMPLE = 1000
_NARROW = "line_number, invoice_no"
_WIDE = (
    f"{_NARROW}, stock_code, description, quantity, invoice_at, unit_price, customer_id, country, "
    "line_id, customer_key, amount, line_type, is_product"
)


@dataclass(frozen=True)
class Day:
    """What one day holds. ``content_hash`` does not depend on the order of lines."""

    lines: int
    content_hash: int
    rules: str


@dataclass(frozen=True)
class _Changed:
    """The days that were replaced, the changed rows of tables, and what the warehouse holds of the file."""

    days: list[date]
    changes: Changes | None
    kept: Kept


Days = dict[date, Day]
Check = Callable[[Days, Days], None]


def load(
    cursor: Cursor,
    source: Source,
    *,
    max_rejects: float,
    progress: Progress,
    max_loss: float | None = None,
    append: bool = False,
    aside: Mapping[date, str] | None = None,
) -> Loaded:
    """Loaded ``source`` in the open transaction of ``cursor``, as ``lgs_owner``.

    ``max_rejects`` is the share of lines, 0 to 1, that may be rejected; ``max_loss`` that of the lines held that may
    go, and without it anything may. With ``append`` the invoices of the source replace those of the same number, and
    all other lines stay. The days of ``aside`` are set aside, with the contracts that they broke. Raises
    ``SourceError`` when more lines are rejected or would go, and when the file cannot be read to its end; the caller
    then rolls back.
    """
    prepare(cursor)
    is_first = _is_empty(cursor)
    append = append and not is_first
    _read(cursor, source, append=append, progress=progress)
    before = Kinds.read(cursor)
    readings: list[Reading] = []
    put: list[Aside] = []

    def fingerprint() -> str:
        is_whole = is_first or append
        readings.append(_fingerprint(cursor, source, is_whole=is_whole, max_rejects=max_rejects))
        lines = _lines(readings[-1], _kept(readings[-1]), is_whole=is_whole)
        if append:
            _keep_others(cursor)
        put.append(put_aside(cursor, lines, aside or {}, file=source.path.name, append=append))
        return lines

    def check(days: Days, held: Days) -> None:
        if max_loss is not None:
            refuse_loss(cursor, source.path, days, held, max_loss=max_loss, append=append)

    done = _change(
        cursor, fingerprint, check, is_first=is_first, append=append, skipped=list(aside or {}), progress=progress
    )
    account = _account(cursor, source, readings[-1], before, append=append)
    return _settled(cursor, source, done, account, put[-1], append=append)


def _read(cursor: Cursor, source: Source, *, append: bool, progress: Progress) -> None:
    """Put the lines of the source into landing, as far as they can be looked at."""
    if append:
        leave_out_held(cursor, source)
    with progress.step("read the source") as step:
        step.rows = land(cursor, source)
        step.note = source.form
    refuse_other_currencies(cursor, source)
    pass_over(cursor, source)
    put_spellings(cursor)


def _settled(
    cursor: Cursor, source: Source, done: _Changed, account: dict[str, Any], aside: Aside, *, append: bool
) -> Loaded:
    """Note what came of the source, and keep what landing was before it."""
    note_source(cursor, source, account, done.kept, aside)
    read = source.account.lines_read
    loaded = _loaded(cursor, source.form, source.sha256, read - aside.lines, done, account)
    settle(cursor, is_changed=bool(done.days), append=append)
    return replace(loaded, lines_read=read, set_aside=_put(cursor, aside), is_append=append)


def _put(cursor: Cursor, aside: Aside) -> list[SetAside]:
    return [one for one in days_set_aside(cursor) if one.day in aside.days] if aside.days else []


def _account(cursor: Cursor, source: Source, reading: Reading, before: Kinds, *, append: bool) -> dict[str, Any]:
    """How the file was read, what became of everything in it, and what is new or lopsided since ``before``."""
    noted, differing = reconcile(cursor, source, append=append)
    account = (
        source.account.facts()
        | noted
        | {
            "reading": reading.facts(),
            "how": source.how.model_dump(mode="json", exclude_defaults=True),
            "new": Kinds.read(cursor).since(before),
            "is_demo": DEMO_MARK in source.opening,
        }
    )
    account["decisions"] += reading.decisions()
    account["warnings"] += [*warnings(cursor), *differing]
    return account


def load_again(cursor: Cursor, *, progress: Progress) -> Loaded:
    """Loaded what is in ``landing`` once more, by the rules of now, for when the files themselves are gone.

    Files that were added are so again, in their order. Which lines are rejected stays as it was, and so do days set
    aside. For the rest as ``load``.
    """
    prepare(cursor)
    put_spellings(cursor)
    cursor.execute("select load_id, form, sha256, lines_read, price_type, account from landing.source order by load_id")
    files = cursor.fetchall()

    def fingerprint() -> str:
        for load_id, _, _, _, price_type, account in files:
            _add_again(cursor, load_id, Reading(**account.get("reading", {"price_type": price_type})))
        return _ALL

    skipped = [one.day for one in days_set_aside(cursor)]
    done = _change(
        cursor, fingerprint, lambda *_: None, is_first=False, append=False, skipped=skipped, progress=progress
    )
    load_id, form, sha256, lines_read, _, account = files[-1]
    if load_id == 1:
        cursor.execute("update landing.source set lines_kept = %s, amount_kept = %s", done.kept)
    loaded = _loaded(cursor, form, sha256, lines_read, done, account, load_id)
    return replace(loaded, is_append=load_id > 1)


def _add_again(cursor: Cursor, load_id: int, reading: Reading) -> None:
    """Hash the lines of one file of landing, and put them in place of those of the same invoices before it."""
    if not reading.is_plain:
        reading.store(cursor, f"line.load_id = {load_id}")
        reading.set_order(cursor)
    kept = f"line.load_id = {load_id} and {_NOT_REJECTED}"
    _hash(cursor, reading, kept, is_whole=True, table="fingerprint" if load_id == 1 else "added")
    if load_id > 1:
        cursor.execute(query("append_file"))
    cursor.execute("drop table if exists landing.clean")


def _keep_others(cursor: Cursor) -> None:
    cursor.execute("analyze landing.fingerprint")
    cursor.execute(query("keep_others"))


def by_other_rules(cursor: Cursor) -> bool:
    """Whether lines were read by other rules than these. A day that is set aside keeps those of what it held before."""
    kept = "select day from warehouse.quarantine where released_at is null"
    cursor.execute(f"select exists (select from warehouse.day where rules <> %s and day not in ({kept}))", [rules()])
    return cursor.fetchone() == (True,)


def prepare(cursor: Cursor) -> None:
    """Set the transaction up for work on all lines."""
    cursor.execute(
        "set local work_mem = '256MB'; set local maintenance_work_mem = '256MB'; set local jit = off; "
        "set local default_statistics_target = 20; "
        "set local parallel_setup_cost = 10; set local parallel_tuple_cost = 0.001; "
        "set local datestyle = 'ISO, MDY'; set local client_min_messages = warning; "
        "drop table if exists landing.fingerprint, landing.added, landing.spelling, landing.clean, "
        "pg_temp.repeat, pg_temp.touched, pg_temp.file_invoice"
    )
    note_landing(cursor)


def _change(
    cursor: Cursor,
    fingerprint: Callable[[], str],
    check: Check,
    *,
    is_first: bool,
    append: bool,
    skipped: Collection[date],
    progress: Progress,
) -> _Changed:
    """Put the days into the warehouse that differ there from what ``fingerprint`` finds in landing, not ``skipped``.

    ``check`` sees what the file has on each day, and what is held, before anything is replaced.
    """
    with progress.step("compare days") as step:
        lines, days = fingerprint(), _days(cursor)
        held = _held(cursor, only_touched=append)
        differ = {day for day in days.keys() | held.keys() if days.get(day) != held.get(day)}
        changed = sorted(differ.difference(skipped))
        step.note = f"{len(changed)} of {len(days.keys() | held.keys())} days changed"
        check(days, held)
    changes: Changes | None = {}
    if changed:
        with progress.step("load the warehouse") as step:
            step.rows = _replace(cursor, lines, {day: days.get(day) for day in changed}, is_first=is_first)
        with progress.step("derive dimensions"):
            changes = follow(cursor, [] if is_first else changed)
    kept = _count_kept(cursor, append=append, skipped=skipped)
    cursor.execute(
        "drop table landing.fingerprint, landing.spelling; drop table if exists landing.clean, landing.repeated"
    )
    return _Changed(changed, changes, kept)


def _count_kept(cursor: Cursor, *, append: bool, skipped: Collection[date]) -> Kept:
    """What the warehouse holds of the file: everything, or the invoices that it has; nothing of days set aside."""
    everything = "select sum(lines), coalesce(sum(amount), 0) from warehouse.day where day <> all(%(skipped)s::date[])"
    cursor.execute(query("kept_of_file") if append else everything, {"skipped": list(skipped)})
    lines, amount = cursor.fetchone() or (0, 0)
    return lines or 0, amount


def _loaded(
    cursor: Cursor,
    form: str,
    sha256: str,
    lines_read: int,
    done: _Changed,
    account: dict[str, Any],
    load_id: int = 1,
) -> Loaded:
    rejected = count_rejects(cursor, load_id)
    kept = lines_read - sum(rejected.values())
    return Loaded(form, sha256, lines_read, kept, rejected, done.days, account, changes=done.changes)


def _fingerprint(cursor: Cursor, source: Source, *, is_whole: bool, max_rejects: float) -> Reading:
    """Hash every line that can be a transaction; how their text was read is returned.

    Most files have nothing but good lines, so these are tried first, and columns are judged only when that fails.
    """
    plain = Reading(
        is_plain=True,
        has_odd_blanks=source.has_odd_blanks,
        time_zone=source.how.time_zone,
        no_customer=source.how.no_customer,
        nothing=words_for_nothing(cursor),
        price_type=source.price_type,
        taken_back=statuses().cancelled,
    )
    if _is_plain(cursor, source, plain, is_whole=is_whole):
        return plain
    reading = judge(cursor, source, plain)
    put_rejects(cursor, source, reading)
    refuse_rejects(cursor, source, max_rejects)
    _hash(cursor, reading, _NOT_REJECTED, is_whole=is_whole)
    return reading


def _is_plain(cursor: Cursor, source: Source, plain: Reading, *, is_whole: bool) -> bool:
    """Whether every line is plain; they are hashed then. The first lines of most other files tell at once."""
    if source.rejects.count:
        return False
    cursor.execute("savepoint typing")
    try:
        cursor.execute(f"select bool_and(is_plain) from ({plain.typed(f'line.line_number <= {_SAMPLE}')}) as line")
        if cursor.fetchone() != (False,):
            _hash(cursor, plain, "true", is_whole=is_whole)
            cursor.execute(query("is_plain"))
            are_plain, is_point_unsure = cursor.fetchone() or (None, None)
            if are_plain and not (is_point_unsure and source.form.startswith("CSV")):
                cursor.execute("release savepoint typing")
                return True
    except (DataError, NotSupportedError):
        pass  # some text is no number or no date: the columns tell which
    cursor.execute("rollback to savepoint typing")
    return False


def _kept(reading: Reading) -> str:
    return "true" if reading.is_plain else _NOT_REJECTED


def _hash(cursor: Cursor, reading: Reading, kept: str, *, is_whole: bool, table: str = "fingerprint") -> None:
    typed = reading.typed(kept)
    lines = query("classified", lines=typed) if is_whole else typed
    cursor.execute(query("fingerprint", lines=lines, columns=_WIDE if is_whole else _NARROW, table=table))


def _lines(reading: Reading, kept: str, *, is_whole: bool) -> str:
    """The SELECT of the changed lines, classified: out of the first pass where that kept all of it."""
    if is_whole:
        return _ALL
    return query("classified", lines=reading.typed(f"{kept} and {_CHANGED}"))


def _days(cursor: Cursor) -> Days:
    cursor.execute(query("days"))
    return {day: Day(lines, int(content_hash), rules()) for day, lines, content_hash in cursor.fetchall()}


def _held(cursor: Cursor, *, only_touched: bool) -> Days:
    where = "where day in (select day from touched)" if only_touched else ""
    cursor.execute(f"select day, lines, content_hash, rules from warehouse.day {where}")
    return {day: Day(lines, int(content_hash), held) for day, lines, content_hash, held in cursor.fetchall()}


def _is_empty(cursor: Cursor) -> bool:
    cursor.execute("select not exists (select from warehouse.line)")
    return cursor.fetchone() == (True,)


def _replace(cursor: Cursor, classified: str, changed: dict[date, Day | None], *, is_first: bool) -> int:
    """Put the lines of the changed days into the warehouse; the number of lines written.

    A day that the file does not have any more is ``None``.
    """
    days = days_of(list(changed))
    take_days(cursor, days["days"])
    if is_first:
        cursor.execute(query("drop_indexes"))
    cursor.execute("analyze landing.fingerprint")
    cursor.execute(query("repeat"), days)
    cursor.execute("analyze repeat")
    cursor.execute(query("line", lines=classified), days)
    lines = cursor.rowcount
    if is_first:
        cursor.execute(query("create_indexes"))
    cursor.execute("analyze warehouse.line")
    _note_days(cursor, {day: content for day, content in changed.items() if content})
    return lines


def _note_days(cursor: Cursor, held: Days) -> None:
    cursor.execute(
        query("day"),
        {
            **days_of(list(held)),
            "counts": [content.lines for content in held.values()],
            "sums": [Decimal(content.content_hash) for content in held.values()],
            "digest": rules(),
        },
    )
