"""Loads a source into ``landing`` and ``warehouse``, inside the transaction of the caller.

Lines go to ``landing`` as they are. There they are hashed by month, and only the months whose hash differs from what
the warehouse holds are replaced.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from psycopg2 import DataError, NotSupportedError
from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import SourceError
from bootstrap.lines import Loaded
from bootstrap.progress import Progress
from warehouse.countries import put_spellings
from warehouse.demo import DEMO_MARK
from warehouse.dimensions import refresh_dimensions
from warehouse.judge import Reading, judge, words_for_nothing
from warehouse.landing import land, note_source, put_rejects, settle
from warehouse.loss import refuse_loss
from warehouse.novelty import Kinds, warnings
from warehouse.queries import query, rules
from warehouse.rules import Status, line_rules
from warehouse.sources import Source
from warehouse.sources.stream import start

_NOT_REJECTED = "not exists (select from landing.reject where reject.landing_line = line.line_number)"
_CHANGED = "line.line_number in (select line_number from landing.fingerprint where month = any(%(months)s))"
_SAMPLE = 1000
_NARROW = "line_number, invoice_no"
_WIDE = (
    f"{_NARROW}, stock_code, description, quantity, invoice_at, unit_price, customer_id, country, "
    "line_id, customer_key, amount, line_type, is_product"
)
_ADVICE = {
    "spreadsheet has shortened": "Export the file again without opening it in a spreadsheet, or format the column as "
    "text. ",
    "as spreadsheets keep dates": "Format the column as a date in the spreadsheet, then save the file again. ",
    "customer id is no whole number": "A customer is a whole number from 1 up, and empty for guests: C-1001 is not "
    "read. ",
    "customer id is out of range": "A customer is a whole number from 1 up, and empty for guests; a map may say "
    "no_customer: ['0']. ",
}


@dataclass(frozen=True)
class Month:
    """What one month holds. ``content_hash`` does not depend on the order of lines."""

    lines: int
    content_hash: int
    rules: str


Check = Callable[[dict[date, Month], dict[date, Month]], None]


def load(
    cursor: Cursor, source: Source, *, max_rejects: float, progress: Progress, max_loss: float | None = None
) -> Loaded:
    """Loaded ``source`` in the open transaction of ``cursor``, as ``lgs_owner``.

    ``max_rejects`` is the share of lines, 0 to 1, that may be rejected; ``max_loss`` that of the lines held that may
    go, and without it anything may. Raises ``SourceError`` when more are, and when the file cannot be read to its
    end; the caller then rolls back.
    """
    prepare(cursor)
    with progress.step("read the source") as step:
        step.rows = land(cursor, source)
        step.note = source.form
    _refuse_other_currencies(cursor, source)
    _pass_over(cursor, source)
    put_spellings(cursor)
    is_first, before = _is_empty(cursor), Kinds.read(cursor)
    readings: list[Reading] = []

    def fingerprint() -> str:
        readings.append(_fingerprint(cursor, source, is_first=is_first, max_rejects=max_rejects))
        return _lines(readings[-1], _kept(readings[-1]), is_first=is_first)

    def check(months: dict[date, Month], held: dict[date, Month]) -> None:
        if max_loss is not None:
            refuse_loss(cursor, source.path, months, held, max_loss=max_loss)

    changed = _change(cursor, fingerprint, check, is_first=is_first, progress=progress)
    account = source.account.facts() | {
        "reading": readings[-1].facts(),
        "how": source.how.model_dump(mode="json", exclude_defaults=True),
        "new": Kinds.read(cursor).since(before),
        "is_demo": DEMO_MARK in start(source.path, 4096),
    }
    account["decisions"] += readings[-1].decisions()
    account["warnings"] += warnings(cursor)
    note_source(cursor, source, account)
    settle(cursor, is_kept=bool(changed))
    return _loaded(cursor, source.form, source.sha256, source.account.lines_read, changed, account)


def load_again(cursor: Cursor, *, progress: Progress) -> Loaded:
    """Loaded what is in ``landing`` once more, by the rules of now, for when the file itself is not there any more.

    Which lines are rejected stays as it was. For the rest as ``load``.
    """
    prepare(cursor)
    put_spellings(cursor)
    cursor.execute("select form, sha256, lines_read, price_type, account from landing.source")
    form, sha256, lines_read, price_type, account = cursor.fetchone() or ("", "", 0, None, {})
    reading = Reading(**account.get("reading", {"price_type": price_type}))
    if not reading.is_plain:
        reading.store(cursor)
        reading.set_order(cursor)

    def fingerprint() -> str:
        _hash(cursor, reading, _NOT_REJECTED, is_first=False)
        return _lines(reading, _NOT_REJECTED, is_first=False)

    changed = _change(cursor, fingerprint, lambda *_: None, is_first=False, progress=progress)
    return _loaded(cursor, form, sha256, lines_read, changed, account)


def by_other_rules(cursor: Cursor, schema: str) -> bool:
    """Whether lines of ``warehouse``, or of ``warehouse_before``, were read by other rules than these."""
    cursor.execute(f"select exists (select from {schema}.month where rules <> %s)", [rules()])
    return cursor.fetchone() == (True,)


def prepare(cursor: Cursor) -> None:
    """Set the transaction up for work on all lines."""
    cursor.execute(
        "set local work_mem = '256MB'; set local maintenance_work_mem = '256MB'; set local jit = off; "
        "set local default_statistics_target = 20; "
        "set local parallel_setup_cost = 10; set local parallel_tuple_cost = 0.001; "
        "set local datestyle = 'ISO, MDY'; set local client_min_messages = warning; "
        "drop table if exists landing.fingerprint, landing.spelling, landing.clean, pg_temp.repeat"
    )


def _change(
    cursor: Cursor, fingerprint: Callable[[], str], check: Check, *, is_first: bool, progress: Progress
) -> list[date]:
    """Put the months into the warehouse that differ there from what ``fingerprint`` finds in landing; give them.

    ``check`` sees what the file has in each month, and what is held, before anything is replaced.
    """
    with progress.step("compare months") as step:
        lines, months = fingerprint(), _months(cursor)
        held = _held(cursor)
        changed = sorted(month for month in months.keys() | held.keys() if months.get(month) != held.get(month))
        step.note = f"{len(changed)} of {len(months.keys() | held.keys())} months changed"
        check(months, held)
    if changed:
        with progress.step("load the warehouse") as step:
            step.rows = _replace(cursor, lines, {month: months.get(month) for month in changed}, is_first=is_first)
        with progress.step("derive dimensions"):
            refresh_dimensions(cursor)
    cursor.execute(
        "drop table landing.fingerprint, landing.spelling; drop table if exists landing.clean, landing.repeated"
    )
    return changed


def _loaded(
    cursor: Cursor, form: str, sha256: str, lines_read: int, changed: list[date], account: dict[str, Any]
) -> Loaded:
    rejected = count_rejects(cursor)
    return Loaded(form, sha256, lines_read, lines_read - sum(rejected.values()), rejected, changed, account)


def _fingerprint(cursor: Cursor, source: Source, *, is_first: bool, max_rejects: float) -> Reading:
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
        taken_back=_status().cancelled,
    )
    if _is_plain(cursor, source, plain, is_first=is_first):
        return plain
    reading = judge(cursor, source, plain)
    put_rejects(cursor, source, reading)
    _check_rejects(cursor, source, max_rejects)
    _hash(cursor, reading, _NOT_REJECTED, is_first=is_first)
    return reading


def _is_plain(cursor: Cursor, source: Source, plain: Reading, *, is_first: bool) -> bool:
    """Whether every line is plain; they are hashed then. The first lines of most other files tell at once."""
    if source.rejects.count:
        return False
    cursor.execute("savepoint typing")
    try:
        cursor.execute(f"select bool_and(is_plain) from ({plain.typed(f'line.line_number <= {_SAMPLE}')}) as line")
        if cursor.fetchone() != (False,):
            _hash(cursor, plain, "true", is_first=is_first)
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


def _hash(cursor: Cursor, reading: Reading, kept: str, *, is_first: bool) -> None:
    typed = reading.typed(kept)
    lines = query("classified", lines=typed) if is_first else typed
    cursor.execute(query("fingerprint", lines=lines, columns=_WIDE if is_first else _NARROW))


def _lines(reading: Reading, kept: str, *, is_first: bool) -> str:
    """The SELECT of the changed lines, classified: out of the first pass where that kept all of it."""
    if is_first:
        return "select * from landing.fingerprint"
    return query("classified", lines=reading.typed(f"{kept} and {_CHANGED}"))


def _refuse_other_currencies(cursor: Cursor, source: Source) -> None:
    if "currency" not in source.columns:
        return
    cursor.execute(
        "select upper(btrim(currency)) as currency, count(*) as lines from landing.line where btrim(currency) <> '' "
        "group by upper(btrim(currency)) order by lines desc"
    )
    others = [(name, lines) for name, lines in cursor.fetchall() if name != source.how.currency]
    if others:
        shown = ", ".join(f"{name} on {lines:,} {'line' if lines == 1 else 'lines'}" for name, lines in others[:5])
        raise SourceError(
            f"prices are in other currencies than the shop's {source.how.currency}: {shown}. Convert them first; if "
            "all are in one currency, and the shop's, name it: currency in shop.yml or in a map.",
            path=source.path,
        )


def _status() -> Status:
    """What the shop says of the statuses of lines; nothing for one without."""
    return line_rules().status or Status(column="")


def _pass_over(cursor: Cursor, source: Source) -> None:
    """Take the lines out that never came to be, by their status, and account for them."""
    left_out = _status().left_out
    if "status" not in source.columns or not left_out:
        return
    cursor.execute(
        "with gone as (delete from landing.line where lower(btrim(status)) = any(%s) returning status) "
        "select lower(btrim(status)), count(*) from gone group by lower(btrim(status)) order by 1",
        [list(left_out)],
    )
    for status, lines in cursor.fetchall():
        source.account.pass_over(f"lines with the status {status}", lines)


def _check_rejects(cursor: Cursor, source: Source, max_rejects: float) -> None:
    rejected, read = count_rejects(cursor), source.account.lines_read
    count = sum(rejected.values())
    if count > max_rejects * read:
        reasons = "; ".join(f"{lines:,} {'line' if lines == 1 else 'lines'}: {why}" for why, lines in rejected.items())
        advice = next((text for mark, text in _ADVICE.items() if mark in next(iter(rejected))), "")
        cursor.execute("select line_number, text from landing.reject order by reject_id limit 1")
        number, text = cursor.fetchone() or (0, "")
        raise SourceError(
            f"{count:,} of {read:,} lines were rejected; at most {max_rejects:.2%} may be: "
            f"{reasons}. The first is line {number}: {text[:200]!r}. "
            f"{advice}Correct the file, or allow more with --max-rejects.",
            path=source.path,
        )


def count_rejects(cursor: Cursor) -> dict[str, int]:
    """The rejected lines of the file in landing, by reason, the most frequent first."""
    cursor.execute("select reason, count(*) from landing.reject group by reason order by count(*) desc, reason")
    return dict(cursor.fetchall())


def _months(cursor: Cursor) -> dict[date, Month]:
    cursor.execute(query("months"))
    return {month: Month(lines, int(content_hash), rules()) for month, lines, content_hash in cursor.fetchall()}


def _held(cursor: Cursor) -> dict[date, Month]:
    cursor.execute("select month, lines, content_hash, rules from warehouse.month")
    return {month: Month(lines, int(content_hash), held) for month, lines, content_hash, held in cursor.fetchall()}


def _is_empty(cursor: Cursor) -> bool:
    cursor.execute("select not exists (select from warehouse.line)")
    return cursor.fetchone() == (True,)


def _replace(cursor: Cursor, classified: str, changed: dict[date, Month | None], *, is_first: bool) -> int:
    """Put the lines of the changed months into the warehouse; the number of lines written.

    A month that the file does not have any more is ``None``.
    """
    months = {"months": list(changed)}
    cursor.execute(query("take_months"), months)
    if is_first:
        cursor.execute(query("drop_indexes"))
    cursor.execute("analyze landing.fingerprint")
    cursor.execute(query("repeat"), months)
    cursor.execute("analyze repeat")
    cursor.execute(query("line", lines=classified), months)
    lines = cursor.rowcount
    if is_first:
        cursor.execute(query("create_indexes"))
    cursor.execute("analyze warehouse.line")
    _note_months(cursor, changed)
    return lines


def _note_months(cursor: Cursor, changed: dict[date, Month | None]) -> None:
    held = {month: content for month, content in changed.items() if content}
    cursor.execute(
        query("month"),
        {
            "months": list(held),
            "counts": [content.lines for content in held.values()],
            "sums": [Decimal(content.content_hash) for content in held.values()],
            "digest": rules(),
        },
    )
