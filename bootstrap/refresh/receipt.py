"""The receipt of a refresh: what was read, what changed, and how long it took. Kept in ``warehouse.receipt``."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json
from pydantic import BaseModel, ConfigDict, Field

from bootstrap.lines import MonthLines, SetAside
from bootstrap.project import current
from bootstrap.semantic.document import Document
from bootstrap.semantic.spec import Spec

Moved = Counter[tuple[str | None, str | None]]
"""How many went from one group to another; ``None`` for those who join or leave."""
_MONTH = re.compile(r"\d{4}-\d\d-01")
_RELATION = re.compile(r"\bmart\.\w+")


class Moves(Spec):
    """Who stands where. ``sql`` gives a key and its group.

    ``label`` and ``counted`` make the line of the receipt, and with ``planned`` that of a plan.
    """

    label: str
    counted: str
    planned: str = ""
    sql: str

    def lines(self, moved: Moved, *, is_plan: bool) -> list[str]:
        """How many went from where to where, the most first; nothing where nobody did."""
        if not moved:
            return []
        told = [
            f"  {count:,} new in {new}"
            if old is None
            else f"  {count:,} gone from {old}"
            if new is None
            else f"  {count:,} {old} -> {new}"
            for (old, new), count in moved.most_common()
        ]
        return [f"{self.label:<9} {moved.total():,} {(is_plan and self.planned) or self.counted}", *told]


class Told(Spec):
    """What ``views/receipt.yml`` has a receipt tell: selects over the mart."""

    headline: str = Field(description="one row, whose columns are the headline figures")
    months: str = Field(description="one row per month")
    closed: str = Field(description="the column of months that is true where a month is over")
    money: frozenset[str] = Field(frozenset(), description="the columns of both that are amounts of money")
    moves: Moves | None = None

    @classmethod
    def read(cls) -> "Told":
        document = Document.read(current().views / "receipt.yml")
        return document.model(cls, document.data)

    def shown(self, name: str, value: Any) -> str:
        """A figure as a person reads it in the terminal."""
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            is_month = _MONTH.fullmatch(str(value))
            return "none" if value is None else f"{date.fromisoformat(str(value)):%B %Y}" if is_month else str(value)
        if name in self.money:
            return current().amount(Decimal(value))
        return f"{int(value):,}" if value == int(value) else f"{value:,.2f}"

    def change(self, name: str, before: Any, after: Any) -> str:
        """A figure before and after, with the difference where there is one; empty where both read the same."""
        old, new = self.shown(name, before), self.shown(name, after)
        if old == new:
            return ""
        if not all(isinstance(one, int | Decimal) for one in (before, after)):
            return f"{old} -> {new}"
        difference, sign = after - before, "+" if after > before else ""
        has_decimals = name not in self.money and "." in old + new
        shown = f"{difference:,.2f}" if has_decimals else self.shown(name, difference)
        return f"{old} -> {new} ({sign}{shown})"

    @property
    def relations(self) -> list[str]:
        """Those that its selects read."""
        texts = (self.headline, self.months, self.moves.sql if self.moves else "")
        return sorted(set(_RELATION.findall(" ".join(texts))))


class ClosedMonthChange(BaseModel):
    """A number of a complete month that is not what it was.

    That of ``content_hash`` stands for all lines of the month: it tells that they changed where no total did.
    """

    month: date
    metric: str
    before: Decimal | None
    after: Decimal | None


class Figures(BaseModel):
    """What readers see at one moment: headline figures, months, and the group of everyone."""

    headline: dict[str, Any] = {}
    months: dict[date, dict[str, Any]] = {}
    closed: str = ""
    groups: dict[str, str] = {}

    @classmethod
    def read(cls, cursor: Cursor) -> "Figures":
        """Read them through ``cursor``; empty when the mart does not exist yet."""
        told = Told.read()
        cursor.execute("select bool_and(to_regclass(name) is not null) from unnest(%s) as r (name)", [told.relations])
        if cursor.fetchone() != (True,):
            return cls()
        headline = _rows(cursor, told.headline)[0]
        months = {row["month"]: row for row in _rows(cursor, told.months)}
        return cls(headline=headline, months=months, closed=told.closed, groups=_groups(cursor, told.moves))

    def closed_month_changes(self, after: "Figures") -> list[ClosedMonthChange]:
        """Every number of a month that was complete before and reads differently ``after``."""
        return [
            ClosedMonthChange(month=month, metric=metric, before=value, after=new.get(metric))
            for month, row in self.months.items()
            if row[self.closed]
            for new in [after.months.get(month, {})]
            for metric, value in row.items()
            if isinstance(value, int | Decimal) and not isinstance(value, bool) and new.get(metric) != value
        ]

    def moved(self, after: "Figures") -> Moved:
        """Who is in another group than before, joined or left."""
        everyone = self.groups.keys() | after.groups.keys()
        steps = ((self.groups.get(one), after.groups.get(one)) for one in everyone)
        return Counter(step for step in steps if step[0] != step[1])


class Receipt(BaseModel):
    """One refresh. ``rejected`` counts lines by reason, ``seconds`` the time by step.

    ``relations`` are those whose rows changed, ``None`` where any may have.
    """

    model_config = ConfigDict(extra="forbid")

    receipt_id: int | None = None
    refreshed_at: datetime | None = None
    source: str
    form: str
    sha256: str
    fingerprint: str
    lines_read: int
    lines_kept: int
    rejected: dict[str, int]
    run_by: str = ""
    is_append: bool = False
    days_changed: list[date] = []
    set_aside: list[SetAside] = []
    relations: list[str] | None = None
    months_changed: list[date]
    before: dict[str, Any]
    after: dict[str, Any]
    closed_month_changes: list[ClosedMonthChange]
    moves: int = 0
    seconds: dict[str, float]
    assets: dict[str, int] = {}
    account: dict[str, Any] = {}

    def save(self, cursor: Cursor) -> None:
        """Insert the receipt; sets ``receipt_id`` and ``refreshed_at``."""
        body = self.model_dump(mode="json", exclude={"receipt_id", "refreshed_at"})
        values = {name: Json(value) if isinstance(value, dict | list) else value for name, value in body.items()}
        columns = ", ".join(values)
        slots = ", ".join(f"%({name})s" for name in values)
        cursor.execute(
            f"insert into warehouse.receipt ({columns}) values ({slots}) returning receipt_id, refreshed_at", values
        )
        self.receipt_id, self.refreshed_at = cursor.fetchone() or (None, None)

    def add_assets(self, cursor: Cursor, assets: dict[str, int]) -> None:
        """Note what ``publish`` changed after this refresh."""
        self.assets = assets
        cursor.execute(
            "update warehouse.receipt set assets = %s where receipt_id = %s", [Json(assets), self.receipt_id]
        )

    def lines(
        self, moved: Moved | None = None, months: Sequence[MonthLines] = (), *, is_plan: bool = False
    ) -> list[str]:
        """The receipt as a person reads it in the terminal; with ``is_plan``, what it would be.

        ``moved`` is who changed group, ``months`` what became of the lines.
        """
        told = Told.read()
        text = [*self.read_lines(), self._changed_line("To change" if is_plan else "Changed")]
        text += [f"  {month.text()}" for month in months]
        text += self._headlines(told, "Then" if is_plan else "Now")
        if self.before and told.moves:
            text += told.moves.lines(moved or Counter(), is_plan=is_plan)
        return text + self._closed_month_lines(told) + self.warning_lines()

    def _changed_line(self, verb: str) -> str:
        days, months = (
            f"{len(found)} {name}{'' if len(found) == 1 else 's'}"
            for name, found in (("day", self.days_changed), ("month", self.months_changed))
        )
        return f"{verb:<9} {days} in {months}"

    def _headlines(self, told: Told, label: str) -> list[str]:
        lines: list[str] = []
        for name, value in self.after.items():
            before = self.before.get(name)
            change = told.change(name, before, value) if before is not None else ""
            change = change or told.shown(name, value)
            lines.append(f"{'' if lines else label:<9} {name.replace('_', ' ')}: {change}")
        return lines

    def read_lines(self) -> list[str]:
        """What was read, kept, rejected, passed over and left out."""
        rejects = ", ".join(f"{count:,} {reason}" for reason, count in self.rejected.items()) or "none"
        return [
            f"Source    {self.source} ({self.form}, sha256 {self.sha256[:12]}){', added' if self.is_append else ''}",
            f"Lines     {self.lines_read:,} read, {self.lines_kept:,} kept, rejected: {rejects}",
            *self._account_lines(),
        ]

    def warning_lines(self) -> list[str]:
        """What of the file deserves a look."""
        aside = [f"! {day.line()}. Correct it in the file and load that again." for day in self.set_aside]
        return [*aside, *(f"! {warning}" for warning in self.account.get("warnings", []))]

    def _account_lines(self) -> list[str]:
        """How the file was read, and what of it was not."""
        account = self.account
        read = [f"{part}: {lines:,}" for part, lines in account.get("parts", {}).items()]
        told = {
            "Read": [*read, *account.get("decisions", [])],
            "Passed": [f"{what}: {lines:,}" for what, lines in account.get("passed_over", {}).items()],
            "Left out": [f"{what} ({why})" for what, why in account.get("left_out", {}).items()],
            "New": account.get("new", []),
        }
        return [f"{name:<9} {'; '.join(parts)}" for name, parts in told.items() if parts]

    def _closed_month_lines(self, told: Told) -> list[str]:
        """Each number that moved; a month that is gone is told once."""
        months = {change.month: [] for change in self.closed_month_changes}  # type: dict[date, list[ClosedMonthChange]]
        for change in self.closed_month_changes:
            months[change.month].append(change)
        return [
            line
            for month, changes in months.items()
            for line in (
                [f"! {month:%B %Y}: none of its lines is there any more"]
                if all(change.after is None for change in changes)
                else _changes_of(month, changes, told)
            )
        ]


def _changes_of(month: date, changes: Sequence[ClosedMonthChange], told: Told) -> list[str]:
    """What moved in a closed month; its lines, where no number did.

    A number whose name begins with that of another is told where it moved otherwise: ``a_without_b`` and ``a``.
    """
    texts: dict[str, str] = {}
    for change in changes:
        text = told.change(change.metric, change.before, change.after) if change.metric != "content_hash" else ""
        if text and not any(change.metric.startswith(name) and text == known for name, known in texts.items()):
            texts[change.metric] = text
    moved = [f"! {month:%B %Y} {name.replace('_', ' ')}: {text}" for name, text in texts.items()]
    is_other = any(change.metric == "content_hash" for change in changes)
    return moved or [f"! {month:%B %Y}: its lines changed"] * is_other


def newest_receipt(cursor: Cursor) -> Receipt | None:
    """The receipt of the last refresh that was committed, or ``None`` before the first."""
    return next(iter(read_receipts(cursor, limit=1)), None)


def read_receipts(cursor: Cursor, *, limit: int | None = None) -> list[Receipt]:
    """The receipts that were committed, the newest first; none before the first refresh."""
    cursor.execute("select to_regclass('warehouse.receipt') is not null")
    if not (cursor.fetchone() or [False])[0]:
        return []
    rows = _rows(cursor, f"select * from warehouse.receipt order by receipt_id desc limit {limit or 'all'}")
    # Until the tables are brought up to date, a column may have the name that an earlier version gave it.
    return [Receipt(**{name: value for name, value in row.items() if name in Receipt.model_fields}) for row in rows]


def _groups(cursor: Cursor, moves: Moves | None) -> dict[str, str]:
    if moves is None:
        return {}
    cursor.execute(moves.sql)
    return {str(key): group for key, group in cursor.fetchall()}


def _rows(cursor: Cursor, sql: str) -> list[dict[str, Any]]:
    cursor.execute(sql)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
