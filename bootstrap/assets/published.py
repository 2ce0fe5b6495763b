"""What a publish did, or in a plan would do, in words."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from bootstrap.assets.plan import Plan
from bootstrap.assets.resource import DONE, Change

_LISTED = 20  # changes; more are summed up
_COUNTED = ("create", "update", "prune", "unchanged")


@dataclass(frozen=True)
class Published:
    """``planned`` says that nothing was sent."""

    plan: Plan
    planned: bool = False
    adopted: tuple[str, ...] = ()
    unsent: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    unbuilt: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[Change, ...]:
        return self.plan.steps

    @property
    def counts(self) -> dict[str, int]:
        """``create``, ``update`` (restored and retired ones too), ``prune`` and ``unchanged`` to how many objects."""
        found: Counter[str] = Counter(step.verb if step.verb in _COUNTED else "update" for step in self.steps)
        return {verb: found[verb] for verb in _COUNTED}

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(step for step in self.steps if step.verb != "unchanged")

    @property
    def changed(self) -> bool:
        return bool(self.changes)

    @property
    def drift(self) -> tuple[Change, ...]:
        """The objects that somebody had changed manually, or deleted."""
        return tuple(step for step in self.steps if step.drift)

    @property
    def kept(self) -> tuple[str, ...]:
        """What left the specs but is needed by what is not ours."""
        return tuple(
            f"{change.name}: it left superset/access.yml, but {', '.join(change.users)} has it"
            for change in self.plan.kept
        )

    def lines(self, *, verbose: bool = False) -> list[str]:
        """The same for people; a long list is summed up unless ``verbose``."""
        return [*self._told(verbose=verbose), *self._orphaned(), *self._notes()]

    def _told(self, *, verbose: bool) -> list[str]:
        if not self.changed:
            return [f"Superset: nothing to do: all {len(self.steps)} objects are as the specs say; nothing was sent."]
        words = {verb: f"to {verb}" for verb in _COUNTED} if self.planned else dict(DONE)
        total = ", ".join(f"{n} {words[verb] if verb != 'unchanged' else verb}" for verb, n in self.counts.items())
        head = f"{'Plan for Superset' if self.planned else 'Superset'}: {total}."
        lines = (step.line(done=not self.planned) for step in self.changes)
        steps = lines if verbose or len(self.changes) <= _LISTED else self._summary()
        return [head, *(f"  {step}" for step in steps), *self._drifted()]

    def _summary(self) -> Iterator[str]:
        """One line for what is made or updated of a kind; whatever somebody may miss is listed."""
        long = [step for step in self.changes if step.verb in ("create", "update") and not step.drift]
        kinds = Counter((step.verb, step.kind) for step in long)
        for (verb, kind), number in kinds.items():
            yield f"{verb if self.planned else DONE[verb]:<9} {number} {kind}{'s' if number > 1 else ''}"
        yield from (step.line(done=not self.planned) for step in self.changes if step not in long)
        yield "--verbose lists them." if self.planned else "Table warehouse.publish has them all; --verbose lists them."

    def _drifted(self) -> list[str]:
        if not self.drift:
            return []
        deleted = sum(step.verb == "restore" for step in self.drift)
        numbers = {"changed manually": len(self.drift) - deleted, "deleted in Superset": deleted}
        what = " and ".join(f"{number} {how}" for how, number in numbers.items() if number)
        return [f"{what} since the last publish, {'to be restored' if self.planned else 'restored'}."]

    def _orphaned(self) -> list[str]:
        if not self.plan.orphans:
            return []
        end = "A publish stops here unless --orphan keeps it as retired" if self.planned else "It was kept as retired"
        return [f"Left the specs, but is used: {orphan.line()}. {end}." for orphan in self.plan.orphans]

    def _notes(self) -> Iterator[str]:
        if self.adopted:
            yield f"Taken over: {', '.join(self.adopted)}."
        yield from (f"Kept: {what}. Delete it in Superset, then publish again." for what in self.kept)
        if self.unsent:
            yield f"Not sent, because no mail server is set: {', '.join(self.unsent)}. Set LGS_SMTP_HOST."
        if self.unbuilt:
            yield f"Not built yet: {', '.join(self.unbuilt)}. lgs refresh builds it before it publishes."
        if self.empty:
            yield f"Nothing in the data fits these charts, which are empty: {', '.join(self.empty)}."
