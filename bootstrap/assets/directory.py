"""Superset's roles, users, groups, permissions and row rules by name, and which of them are ours.

Neither roles nor users have a place for a mark, so two groups of Superset list ours: the registers. Nobody gains by
either: the group of roles has no users, that of users no roles.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bootstrap.assets.client import Client
from bootstrap.assets.identity import signed
from bootstrap.assets.resource import Form

ROLES, USERS = "/api/v1/security/roles/", "/api/v1/security/users/"
GROUPS, RULES = "/api/v1/security/groups/", "/api/v1/rowlevelsecurity/"
_TITLES = {"roles": "Roles of superset/access.yml", "users": "Users of superset/access.yml"}
_RULE_MARK = "Defined in superset/access.yml"


@dataclass
class Directory:
    """``begun`` names the roles and users, such as ``role Analyst``, that a publish which died was about to make.

    ``is_published`` says that the site has our connections.
    """

    client: Client
    begun: frozenset[str] = frozenset()
    is_published: bool = True
    roles: dict[str, int] = field(default_factory=dict)
    users: dict[str, Form] = field(default_factory=dict)
    groups: dict[str, Form] = field(default_factory=dict)
    rules: dict[str, Form] = field(default_factory=dict)

    def refresh(self) -> None:
        self.roles = {row["name"]: row["id"] for row in self.client.list(ROLES)}
        self.users = {row["username"]: row for row in self.client.list(USERS)}
        self.groups = {row["name"]: row for row in self.client.list(GROUPS)}
        self.rules = {row["name"]: row for row in self.client.list(RULES)}

    def permissions(self) -> dict[str, int]:
        """All that there are; a connection that is sent brings more of them."""
        rows = self.client.list("/api/v1/security/permissions-resources/")
        return {f"{row['permission']['name']} on {row['view_menu']['name']}": row["id"] for row in rows}

    def role_permissions(self, role: str) -> list[str]:
        rows = self.client.get(f"{ROLES}{self.roles[role]}/permissions/")["result"]
        return sorted(f"{row['permission_name']} on {row['view_menu_name']}" for row in rows)

    def owned(self, kind: str) -> set[str]:
        """The ``roles`` or ``users`` that we made."""
        rows = self.groups.get(registers()[kind], {}).get(kind, ())
        begun = {name.partition(" ")[2] for name in self.begun if name.startswith(f"{kind[:-1]} ")}
        there: Mapping[str, object] = self.roles if kind == "roles" else self.users
        return {row["name" if kind == "roles" else "username"] for row in rows} | (begun & there.keys())

    def others(self, kind: str, names: set[str]) -> list[str]:
        """Those of the names that somebody else made.

        Without a register, a version that kept none made what a published site holds.
        """
        if registers()[kind] not in self.groups and self.is_published:
            return []
        there = set(self.roles) if kind == "roles" else {name for name, row in self.users.items() if _is_used(row)}
        return sorted(names & there - self.owned(kind))


def _is_used(user: Form) -> bool:
    """A user who left us is nobody else's: inactive, without a role."""
    return bool(user["active"] or user["roles"])


def registers() -> dict[str, str]:
    """``roles`` and ``users`` to the name of the group that lists ours."""
    return {kind: signed(title) for kind, title in _TITLES.items()}


def rule_mark() -> str:
    """What the description of our row rules begins with."""
    return f"{signed(_RULE_MARK)}: "


def is_our_rule(rule: Form) -> bool:
    return (rule["description"] or "").startswith(rule_mark())
