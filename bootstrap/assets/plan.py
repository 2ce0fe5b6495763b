"""Compares what the specs ask for with what Superset holds: the plan is data first, text second."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from bootstrap.assets.resource import Change, Form, Orphan, Resource
from bootstrap.errors import CheckFailed, UsageError

Held = Mapping[str, Mapping[str, Form]]  # kind to name to what Superset held after the last publish


@dataclass(frozen=True)
class Plan:
    """The changes of each kind, in the order in which they are applied."""

    changes: Mapping[str, tuple[Change, ...]]
    clashes: tuple[str, ...] = ()
    orphans: tuple[Orphan, ...] = ()

    def to_apply(self, kind: str) -> list[Change]:
        return [change for change in self.changes[kind] if change.verb in ("create", "update", "restore", "retire")]

    def to_remove(self, kind: str) -> list[Change]:
        return [change for change in self.changes[kind] if change.verb == "prune"]

    @property
    def steps(self) -> tuple[Change, ...]:
        """Every object once, removals last."""
        steps: dict[str, Change] = {}
        for change in (change for changes in self.changes.values() for change in changes if change.verb != "prune"):
            steps[change.name] = _joined(steps[change.name], change) if change.name in steps else change
        removals = (change for kind in reversed([*self.changes]) for change in self.to_remove(kind))
        return (*(step for step in steps.values() if step.verb != "keep"), *removals)

    @property
    def kept(self) -> tuple[Change, ...]:
        return tuple(change for changes in self.changes.values() for change in changes if change.verb == "keep")


def _joined(first: Change, second: Change) -> Change:
    """One step for an object that two resources share."""
    if first.verb in ("create", "restore") or second.verb == "unchanged":
        return first
    return replace(second, verb="update", fields=first.fields + second.fields, drift=first.drift or second.drift)


def make_plan(resources: Iterable[Resource], held: Held) -> Plan:
    """Ask each resource what is there, what is wanted and how they differ. Changes nothing."""
    resources = list(resources)
    return Plan(
        {resource.kind: tuple(_changes(resource, held.get(resource.kind, {}))) for resource in resources},
        tuple(clash for resource in resources for clash in resource.clashes()),
        tuple(orphan for resource in resources for orphan in resource.orphans()),
    )


def _changes(resource: Resource, held: Mapping[str, Form]) -> Iterator[Change]:
    found, wanted = resource.read(), resource.want()
    for name, form in wanted.items():
        change = _change(resource, name, form, found.get(name), held.get(name))
        if change.verb != "unchanged" or not resource.is_retired(name):
            yield change
    for name in (name for name in found if name not in wanted):
        holders = resource.holders(name)
        yield Change("keep" if holders else "prune", name, resource.label(name), users=holders)


def _change(resource: Resource, name: str, wanted: Form, found: Form | None, held: Form | None) -> Change:
    if found is None:
        return Change("restore" if held else "create", name, name, drift=bool(held))
    fields = tuple(resource.differ(found, wanted))
    if not fields:
        return Change("unchanged", name, name)
    if resource.is_retired(name):
        return Change("retire", name, resource.label(name), fields)
    return Change("update", name, name, fields, drift=held is not None and resource.drifted(held, found))


def refuse(plan: Plan, *, adopt: bool, orphan: bool) -> None:
    """Raises ``UsageError`` for objects of other people, and ``CheckFailed`` for work of theirs that would break."""
    if plan.clashes and not adopt:
        raise UsageError(
            f"Superset holds {', '.join(plan.clashes)}, which this project did not make. "
            "Rename or delete it there, or take it over: lgs publish --adopt."
        )
    if plan.orphans and not orphan:
        used = "; ".join(each.line() for each in plan.orphans)
        raise CheckFailed(
            f"Nothing was published, because people use what left the specs: {used}. "
            "Put it back into the specs, ask them to change their work, or keep it as retired: lgs publish --orphan."
        )
