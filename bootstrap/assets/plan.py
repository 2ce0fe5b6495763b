"""Compares what the specs ask for with what Superset holds: the plan is data first, text second."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bootstrap.assets.assets import Asset
from bootstrap.assets.live import Live
from bootstrap.assets.normal import differences, digest, normal
from bootstrap.errors import UsageError

Verb = Literal["create", "update", "prune", "unchanged"]


@dataclass(frozen=True)
class Step:
    """What becomes of one asset. ``drift`` says that it was changed manually since it was last published."""

    verb: Verb
    label: str
    fields: tuple[str, ...] = ()
    drift: bool = False

    def line(self) -> str:
        names = ", ".join(self.fields[:6]) + (f" and {len(self.fields) - 6} more" if len(self.fields) > 6 else "")
        why = " (changed manually; restored)" if self.drift else ""
        return f"{self.verb:<9} {self.label}{': ' + names if names else ''}{why}"


@dataclass
class Plan:
    """The steps for all assets; ``send`` are those to import, ``prune`` the (kind, uuid, label) of those to delete."""

    steps: list[Step] = field(default_factory=list)
    send: list[Asset] = field(default_factory=list)
    prune: list[tuple[str, str, str]] = field(default_factory=list)


def _clash(asset: Asset, live: Live) -> str | None:
    """The object of somebody else that stands where this asset would go."""
    unique: dict[str, tuple[str, ...]] = {
        "databases": ("database_name",),
        "datasets": ("database_uuid", "schema", "table_name"),
        "dashboards": ("slug",),
    }
    keys = unique.get(asset.kind, ())
    for uuid, content in live.assets[asset.kind].items():
        same = keys and all(str(content.get(key)) == str(asset.content[key]) for key in keys)
        if same and uuid != str(asset.uuid):
            return f"{asset.kind[:-1]} {asset.content[keys[-1]]!r} ({uuid})"
    return None


def clashes(wanted: Iterable[Asset], live: Live) -> list[str]:
    """The objects of somebody else that stand where ours would go."""
    return [clash for asset in wanted if (clash := _clash(asset, live))]


def refuse(clashes: Sequence[str]) -> None:
    """Raises ``UsageError`` that names them all, when there is any."""
    if clashes:
        raise UsageError(
            f"Superset holds {', '.join(clashes)}, which this project did not make. "
            "Rename or delete it there, or take it over: lgs publish --adopt."
        )


def _compare(asset: Asset, live: Live) -> Step:
    before = live.find(asset)
    if before is None:
        return Step("create", asset.label)
    old, new = normal(asset.kind, before), normal(asset.kind, asset.content)
    fields = tuple(differences(old, new))
    if asset.kind == "databases":
        if not fields and not live.opens(asset):
            fields = ("password",)
        return Step("update" if fields else "unchanged", asset.label, fields)
    sealed = live.revision(asset.kind, str(asset.uuid))
    drift = sealed != digest(old)
    if not fields and sealed != asset.revision:
        fields = ("certification",)
    return Step("update" if fields else "unchanged", asset.label, fields, drift and bool(fields))


def _orphans(wanted: Iterable[Asset], live: Live) -> list[tuple[str, str, str]]:
    """Assets that carry our genuine mark and stand in no spec any more, children first."""
    kept = {str(asset.uuid) for asset in wanted}
    names = {"dashboards": "dashboard_title", "charts": "slice_name", "datasets": "table_name"}
    return [
        (kind, uuid, f"{kind[:-1]} {content[name]!r}")
        for kind, name in names.items()
        for uuid, content in live.assets[kind].items()
        if uuid not in kept and live.revision(kind, uuid)
    ]


def make_plan(wanted: list[Asset], live: Live) -> Plan:
    plan = Plan(prune=_orphans(wanted, live))
    for asset in wanted:
        step = _compare(asset, live)
        plan.steps.append(step)
        if step.verb != "unchanged":
            plan.send.append(asset)
    plan.steps += [Step("prune", label) for _, _, label in plan.prune]
    return plan


def counts(steps: Iterable[Any]) -> dict[str, int]:
    """Verb to number of steps, zeros too."""
    steps = list(steps)
    return {verb: sum(step.verb == verb for step in steps) for verb in ("create", "update", "prune", "unchanged")}
