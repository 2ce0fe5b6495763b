"""What every kind of object in Superset is to a publish: five verbs, and the changes that they lead to, as data."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Form = dict[str, Any]  # one object in Superset's own JSON; only its resource looks inside
Verb = Literal["create", "update", "restore", "retire", "prune", "keep", "unchanged"]
DONE = {"create": "created", "update": "updated", "restore": "restored", "retire": "retired", "prune": "pruned"}


@dataclass(frozen=True)
class Change:
    """What is to become of one object.

    ``restore`` brings back what was deleted in Superset; ``retire`` keeps what left the specs because other people's
    work (``users``) stands on it; ``keep`` leaves it alone for the same reason. ``drift`` says that somebody changed it
    manually since the last publish.
    """

    verb: Verb
    name: str
    label: str
    fields: tuple[str, ...] = ()
    drift: bool = False
    users: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What it is: ``chart``, ``row rule``."""
        return "row rule" if self.name.startswith("row rule ") else self.name.partition(" ")[0]

    @property
    def spec(self) -> str:
        """The name of its spec."""
        return self.name.removeprefix(f"{self.kind} ")

    def line(self, *, done: bool = False) -> str:
        names = ", ".join(self.fields[:6]) + (f" and {len(self.fields) - 6} more" if len(self.fields) > 6 else "")
        names = "; ".join(self.users) or names
        verb = DONE.get(self.verb, self.verb) if done else self.verb
        return f"{verb:<9} {self.label}{': ' + names if names else ''}{self._why(done=done)}"

    def _why(self, *, done: bool) -> str:
        if not self.drift:
            return ""
        what = "deleted in Superset" if self.verb == "restore" else "changed manually"
        return f" ({what}; {'restored' if done else 'to be restored'})"


@dataclass(frozen=True)
class Orphan:
    """Something that left the specs, and the work of other people that stands on it."""

    what: str
    users: tuple[str, ...]

    def line(self) -> str:
        return f"{self.what}, used by {', '.join(self.users)}"


class Resource(ABC):
    """One kind of object in Superset. Objects go by the name that people read, such as ``role Analyst``."""

    kind: str
    is_remembered = True  # so that what people change or delete is told from what is new

    @abstractmethod
    def read(self) -> dict[str, Form]:
        """What Superset holds of ours, and what has the name of one of ours, by name."""

    @abstractmethod
    def want(self) -> dict[str, Form]:
        """What it is to hold, by name. Asked when planning, and again when applying: more may be known by then."""

    def differ(self, before: Form, after: Form) -> Sequence[str]:
        """The fields that differ."""
        return [key for key in sorted(after) if before.get(key) != after[key]]

    def drifted(self, held: Form, found: Form) -> bool:
        """Whether somebody changed it since the last publish, after which Superset held ``held``."""
        return bool(self.differ(held, found))

    def apply(self, changes: Sequence[Change]) -> None:
        """Create, update, restore and retire what the changes name."""
        wanted = self.want() if changes else {}
        for change in changes:
            self.send(change.spec, wanted[change.name])

    def remove(self, changes: Sequence[Change]) -> None:
        """Remove what the changes name."""
        for change in changes:
            self.delete(change.spec)

    def send(self, name: str, form: Form) -> None:
        """Have Superset hold the form of the object whose spec has that name."""
        raise NotImplementedError

    def delete(self, name: str) -> None:
        """Remove the object whose spec had that name."""
        raise NotImplementedError

    def clashes(self) -> list[str]:
        """The objects of other people that have the name of one of ours."""
        return []

    def orphans(self) -> list[Orphan]:
        """What would leave, although the work of other people stands on it."""
        return []

    def label(self, name: str) -> str:
        """How to speak of an object that is in no spec any more."""
        return name

    def holders(self, name: str) -> tuple[str, ...]:
        """The work of other people because of which an object that left the specs is kept."""
        return ()

    def is_retired(self, name: str) -> bool:
        """Whether it is wanted only because the work of other people stands on it."""
        return False
