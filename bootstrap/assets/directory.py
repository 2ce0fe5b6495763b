"""Superset's roles, users, groups, permissions and row rules by name, and which of them are ours.

Neither roles nor users have a place for a mark, so two groups of Superset list ours: the registers. Nobody gains by
either: the group of roles has no users, that of users no roles.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass, field

from bootstrap.assets.client import Client
from bootstrap.assets.identity import signed
from bootstrap.assets.resource import Form

_LISTS = {
    "roles": ("/api/v1/security/roles/", "name"),
    "users": ("/api/v1/security/users/", "username"),
    "groups": ("/api/v1/security/groups/", "name"),
    "rules": ("/api/v1/rowlevelsecurity/", "name"),
}
_TITLES = {"roles": "Roles of superset/access.yml", "users": "Users of superset/access.yml"}


@dataclass
class Directory:
    """``rows``: roles, users, groups or rules to name to row.

    ``begun`` names the roles and users, such as ``role Analyst``, that a publish which died was about to make.
    ``is_published`` says that the site has our connections.
    """

    client: Client
    begun: frozenset[str] = frozenset()
    is_published: bool = True
    rows: dict[str, dict[str, Form]] = field(default_factory=dict)

    def refresh(self) -> None:
        self.rows = {kind: {row[name]: row for row in self.client.list(path)} for kind, (path, name) in _LISTS.items()}

    def ids(self, kind: str, names: Iterable[str]) -> list[int]:
        return sorted(self.rows[kind][name]["id"] for name in names)

    def save(self, kind: str, name: str, body: Form) -> None:
        """Write the row of that name; it is made where there is none."""
        if name in self.rows[kind]:
            self.client.put(self.path(kind, name), body)
        else:
            self.rows[kind][name] = {"id": self.client.post(_LISTS[kind][0], body)["id"]}

    def delete(self, kind: str, name: str) -> None:
        self.client.delete(self.path(kind, name))

    def path(self, kind: str, name: str) -> str:
        return f"{_LISTS[kind][0]}{self.rows[kind][name]['id']}"

    def permissions(self) -> dict[str, int]:
        """All that there are; a connection that is sent brings more of them."""
        rows = self.client.list("/api/v1/security/permissions-resources/")
        return {f"{row['permission']['name']} on {row['view_menu']['name']}": row["id"] for row in rows}

    def role_permissions(self, role: str) -> list[str]:
        rows = self.client.get(f"{self.path('roles', role)}/permissions/")["result"]
        return sorted(f"{row['permission_name']} on {row['view_menu_name']}" for row in rows)

    def members(self, kind: str) -> list[str]:
        """Whom the register of ``roles`` or ``users`` lists."""
        rows = self.rows["groups"].get(registers()[kind], {}).get(kind, ())
        return sorted(row[_LISTS[kind][1]] for row in rows)

    def owned(self, kind: str) -> set[str]:
        """The ``roles`` or ``users`` that we made."""
        begun = {name.partition(" ")[2] for name in self.begun if name.startswith(f"{kind[:-1]} ")}
        return {*self.members(kind), *(begun & self.rows[kind].keys())}

    def found(self, kind: str, names: Set[str]) -> list[str]:
        """Those that we made, and those of the names that are there."""
        return sorted(self.owned(kind) | (names & self.rows[kind].keys()))

    def clashes(self, kind: str, names: Set[str]) -> list[str]:
        """Those of the names that somebody else made; a user who left us is nobody else's: inactive, without a role.

        Without a register, a version that kept none made what a published site holds.
        """
        if registers()[kind] not in self.rows["groups"] and self.is_published:
            return []
        rows = self.rows[kind].items()
        there = {name for name, row in rows if kind == "roles" or row["active"] or row["roles"]}
        return [f"{kind[:-1]} {name!r}" for name in sorted(names & there - self.owned(kind))]


def registers() -> dict[str, str]:
    """``roles`` and ``users`` to the name of the group that lists ours."""
    return {kind: signed(title) for kind, title in _TITLES.items()}


def rule_mark() -> str:
    """What the description of our row rules begins with."""
    return f"{signed('Defined in superset/access.yml')}: "


def is_our_rule(rule: Form) -> bool:
    return (rule["description"] or "").startswith(rule_mark())
