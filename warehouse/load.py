"""Loads a source into ``landing`` and ``warehouse``, inside the transaction of the caller.

Lines go to ``landing`` as they are. There they are hashed by month, and only the months whose hash differs from what
the warehouse holds are replaced.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from psycopg2 import DataError, NotSupportedError
from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import SourceError
from bootstrap.progress import Progress
from warehouse.dimensions import refresh_dimensions
from warehouse.landing import land, put_rejects, settle
from warehouse.queries import query, rules
from warehouse.sources import Source

# A real prints six digits as they were, so the detour is for longer texts.
_PRICES = {
    None: "trim_scale(unit_price::numeric)",
    "real": "trim_scale("
    "case when octet_length(unit_price) <= 6 then unit_price else unit_price::real::text end::numeric)",
    "double precision": "trim_scale(unit_price::double precision::text::numeric)",
}
_PLAIN = {"quantity": "quantity::integer", "kept": "true"}
_JUDGED = {
    "quantity": "quantity::numeric::integer",
    "kept": "not exists (select from landing.reject where reject.landing_line = line.line_number)",
}
_CHANGED = "line_number in (select line_number from landing.fingerprint where month = any(%(months)s))"
_NARROW = "line_number, invoice_no"
_WIDE = (
    f"{_NARROW}, stock_code, description, quantity, invoice_at, unit_price, customer_id, country, "
    "line_id, customer_key, amount, line_type, is_product"
)


@dataclass(frozen=True)
class Load:
    """What a load did. ``months_changed`` is sorted, and empty when the warehouse held the same content already."""

    form: str
    sha256: str
    lines_read: int
    lines_kept: int
    rejected: dict[str, int] = field(default_factory=dict)
    months_changed: list[date] = field(default_factory=list)


@dataclass(frozen=True)
class _Month:
    lines: int
    content_hash: int
    rules: str


def load(cursor: Cursor, source: Source, *, max_rejects: float, progress: Progress) -> Load:
    """Load ``source`` in the open transaction of ``cursor``, as ``lgs_owner``.

    ``max_rejects`` is the share of lines, 0 to 1, that may be rejected. Raises ``SourceError`` when more are, and when
    the file cannot be read to its end; the caller then rolls back.
    """
    prepare(cursor)
    with progress.step("read the source") as step:
        lines_read = step.rows = land(cursor, source)
        step.note = source.form
    is_first = _is_empty(cursor)
    changed = _change(
        cursor,
        lambda: _fingerprint(cursor, source, is_first=is_first, max_rejects=max_rejects),
        is_first=is_first,
        progress=progress,
    )
    settle(cursor, is_kept=bool(changed))
    return _loaded(cursor, source.form, source.sha256, lines_read, changed)


def load_again(cursor: Cursor, *, progress: Progress) -> Load:
    """Load what is in ``landing`` once more, by the rules of now, for when the file itself is not there any more.

    Which lines are rejected stays as it was. For the rest as ``load``.
    """
    prepare(cursor)
    cursor.execute("select form, sha256, lines_read, price_type from landing.source")
    form, sha256, lines_read, price_type = cursor.fetchone() or ("", "", 0, None)
    changed = _change(
        cursor, lambda: _hash(cursor, price_type, _JUDGED, is_first=False), is_first=False, progress=progress
    )
    return _loaded(cursor, form, sha256, lines_read, changed)


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
        "drop table if exists landing.fingerprint, pg_temp.repeat"
    )


def _change(cursor: Cursor, fingerprint: Callable[[], str], *, is_first: bool, progress: Progress) -> list[date]:
    """Put the months into the warehouse that differ there from what ``fingerprint`` finds in landing; give them."""
    with progress.step("compare months") as step:
        lines, months = fingerprint(), _months(cursor)
        changed = _changed(cursor, months)
        step.note = f"{len(changed)} of {len(months)} months changed"
    if changed:
        with progress.step("load the warehouse") as step:
            step.rows = _replace(cursor, lines, {month: months.get(month) for month in changed}, is_first=is_first)
        with progress.step("derive dimensions"):
            refresh_dimensions(cursor)
    cursor.execute("drop table landing.fingerprint; drop table if exists landing.repeated")
    return changed


def _loaded(cursor: Cursor, form: str, sha256: str, lines_read: int, changed: list[date]) -> Load:
    rejected = count_rejects(cursor)
    return Load(form, sha256, lines_read, lines_read - sum(rejected.values()), rejected, changed)


def _fingerprint(cursor: Cursor, source: Source, *, is_first: bool, max_rejects: float) -> str:
    """Hash every line that can be a transaction; the SELECT of those lines, classified, is returned.

    Most files have nothing but good lines, so these are tried first and judged line by line only when that fails.
    """
    cursor.execute("savepoint typing")
    try:
        lines = _hash(cursor, source.price_type, _PLAIN, is_first=is_first)
        cursor.execute("select coalesce(bool_and(is_plain and day < current_date + 2), true) from landing.fingerprint")
        if cursor.fetchone() == (True,) and not source.rejects.count:
            cursor.execute("release savepoint typing")
            return lines
    except (DataError, NotSupportedError):
        pass  # some text is no number or no date: the next pass finds out which
    cursor.execute("rollback to savepoint typing")
    put_rejects(cursor, source)
    _check_rejects(cursor, source, max_rejects)
    return _hash(cursor, source.price_type, _JUDGED, is_first=is_first)


def _hash(cursor: Cursor, price_type: str | None, reading: dict[str, str], *, is_first: bool) -> str:
    typed = query("typed", price=_PRICES[price_type], **reading)
    if is_first:
        cursor.execute(query("fingerprint", lines=query("classified", lines=typed), columns=_WIDE))
        return "select * from landing.fingerprint"
    cursor.execute(query("fingerprint", lines=typed, columns=_NARROW))
    changed = query("typed", price=_PRICES[price_type], **reading | {"kept": _CHANGED})
    return query("classified", lines=changed)


def _check_rejects(cursor: Cursor, source: Source, max_rejects: float) -> None:
    rejected = count_rejects(cursor)
    count = sum(rejected.values())
    if count > max_rejects * source.lines_read:
        reasons = "; ".join(f"{lines:,} {'line' if lines == 1 else 'lines'}: {why}" for why, lines in rejected.items())
        cursor.execute("select line_number, text from landing.reject order by reject_id limit 1")
        number, text = cursor.fetchone() or (0, "")
        raise SourceError(
            f"{count:,} of {source.lines_read:,} lines cannot be transactions; {max_rejects:.2%} may be so: "
            f"{reasons}. The first is line {number}: {text[:200]!r}. "
            "Correct the file, or allow more with --max-rejects.",
            path=source.path,
        )


def count_rejects(cursor: Cursor) -> dict[str, int]:
    """The rejected lines of the file in landing, by reason, the most frequent first."""
    cursor.execute("select reason, count(*) from landing.reject group by reason order by count(*) desc, reason")
    return dict(cursor.fetchall())


def _months(cursor: Cursor) -> dict[date, _Month]:
    cursor.execute(query("months"))
    return {month: _Month(lines, int(content_hash), rules()) for month, lines, content_hash in cursor.fetchall()}


def _changed(cursor: Cursor, months: dict[date, _Month]) -> list[date]:
    cursor.execute("select month, lines, content_hash, rules from warehouse.month")
    held = {month: _Month(lines, int(content_hash), held) for month, lines, content_hash, held in cursor.fetchall()}
    return sorted(month for month in months.keys() | held.keys() if months.get(month) != held.get(month))


def _is_empty(cursor: Cursor) -> bool:
    cursor.execute("select not exists (select from warehouse.line)")
    return cursor.fetchone() == (True,)


def _replace(cursor: Cursor, classified: str, changed: dict[date, _Month | None], *, is_first: bool) -> int:
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


def _note_months(cursor: Cursor, changed: dict[date, _Month | None]) -> None:
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
