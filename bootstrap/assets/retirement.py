"""What left the specs although the work of other people stands on it: kept and marked, since an id cannot come back.

A dataset stays for the charts on it, a metric or a column of one for the charts that use it, a chart for the dashboards
on which people placed it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bootstrap.assets.live import Live, Row, mark_of
from bootstrap.assets.resource import Form, Orphan

RETIRED = "Retired: it left the specs, and is kept only for the work that uses it."
_MEMBERS = {"columns": "column_name", "metrics": "metric_name"}
_SQL = {"sqlExpression", "where", "having", "clause"}
_WORD = re.compile(r"\w+")
Users = tuple[str, ...]


@dataclass(frozen=True)
class Member:
    """A column or a metric of a dataset that stays."""

    dataset: str
    part: str
    name: str

    def find(self, dataset: Form) -> Form:
        rows: list[Form] = dataset[self.part]
        return next(row for row in rows if row[_MEMBERS[self.part]] == self.name)


@dataclass
class Retirement:
    """What is kept, and who uses it: whole objects by their row, members of datasets by where they are."""

    objects: dict[str, tuple[Row, Users]] = field(default_factory=dict)
    members: dict[Member, Users] = field(default_factory=dict)

    def complete(self, uuid: str, wanted: Form, found: Form) -> Form:
        """The wanted form of a dataset with those members that are kept."""
        kept = [member for member in self.members if member.dataset == uuid]
        return wanted | {
            part: [*wanted[part], *(_retired_member(part, each.find(found)) for each in kept if each.part == part)]
            for part in _MEMBERS
        }

    def orphans(self, found: Mapping[str, Form]) -> Iterator[Orphan]:
        """Those that are not marked yet."""
        for uuid, (row, users) in self.objects.items():
            if retired(row.kind, found[uuid]) != found[uuid]:
                yield Orphan(row.label, users)
        for member, users in self.members.items():
            kept = member.find(found[member.dataset])
            if _retired_member(member.part, kept) != kept:
                yield Orphan(
                    f"{member.part[:-1]} {member.name} of dataset {found[member.dataset]['table_name']}", users
                )


def find_retirement(live: Live, wanted: Mapping[str, Form], found: Mapping[str, Form]) -> Retirement:
    """``wanted`` and ``found``: uuid to form, of what is ours."""
    retirement = Retirement()
    theirs = {row.id: row for row in live.rows["dashboards"].values() if row.spec is None and row.uuid not in wanted}
    for row in _left(live, "charts", wanted):
        if users := tuple(theirs[number].owned_label for number in row.dashboards if number in theirs):
            retirement.objects[row.uuid] = row, users
    using = [row for row in live.rows["charts"].values() if _stays(row, wanted, retirement)]
    for row in _left(live, "datasets", wanted):
        if users := tuple(_user(chart) for chart in using if chart.dataset == row.id):
            retirement.objects[row.uuid] = row, users
    retirement.members = _members(live, wanted, found, using)
    return retirement


def _left(live: Live, kind: str, wanted: Mapping[str, Form]) -> list[Row]:
    return [row for row in live.rows[kind].values() if row.spec and row.uuid not in wanted]


def _stays(row: Row, wanted: Mapping[str, Form], retirement: Retirement) -> bool:
    """Whether a chart is of no spec and will still be there."""
    return row.uuid not in wanted and (row.spec is None or row.uuid in retirement.objects)


def _user(chart: Row) -> str:
    return f"{chart.label}, which is kept" if chart.spec else chart.owned_label


def _members(
    live: Live, wanted: Mapping[str, Form], found: Mapping[str, Form], using: Iterable[Row]
) -> dict[Member, Users]:
    gone = [member for uuid, row in live.rows["datasets"].items() for member in _gone(uuid, wanted, found)]
    numbers = {live.rows["datasets"][member.dataset].id for member in gone}
    charts = [chart for chart in using if chart.dataset in numbers]
    names = {uuid: set(_names(form)) for uuid, form in live.export(charts).items()}
    users = {
        member: tuple(
            _user(chart)
            for chart in charts
            if chart.dataset == live.rows["datasets"][member.dataset].id and member.name in names[chart.uuid]
        )
        for member in gone
    }
    return {member: by for member, by in users.items() if by}


def _gone(uuid: str, wanted: Mapping[str, Form], found: Mapping[str, Form]) -> Iterator[Member]:
    """The columns and metrics that Superset has and the specs no longer name."""
    if uuid in wanted and uuid in found:
        for part, key in _MEMBERS.items():
            kept = {row[key] for row in wanted[uuid][part]}
            yield from (Member(uuid, part, row[key]) for row in found[uuid][part] if row[key] not in kept)


def _names(value: Any, key: str = "") -> Iterator[str]:
    """Whatever may be the name of a column or metric in a chart's own JSON."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _names(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item, key)
    elif isinstance(value, str):
        if key == "query_context" and value:
            yield from _names(json.loads(value))
        yield from _WORD.findall(value) if key in _SQL else [value]


def retired(kind: str, found: Form) -> Form:
    """The form of an object that is kept: it says so, and is certified no more."""
    form = found | {"description": _said(found.get("description"))}
    if kind == "charts":
        return form | {"certified_by": None}
    extra = {key: value for key, value in (found.get("extra") or {}).items() if key != "certification"}
    return form | {"extra": extra | {"retired": mark_of(kind, found), "warning_markdown": RETIRED}}


def _retired_member(part: str, row: Form) -> Form:
    if part == "metrics":
        return row | {"warning_text": RETIRED, "extra": {"warning_markdown": RETIRED}}
    return row | {"description": _said(row.get("description"))}


def _said(description: str | None) -> str:
    said = description or ""
    return said if said.startswith(RETIRED) else f"{RETIRED} {said}".strip()
