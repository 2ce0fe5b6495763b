"""Roles, users, dashboard roles and row rules: what the import API cannot carry, compared and reconciled by REST."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from bootstrap.assets.client import Client
from bootstrap.assets.identity import identity, signed
from bootstrap.assets.spec import Access, RowRule, Specs
from bootstrap.errors import CheckFailed

ROLES, USERS, _RULES = "/api/v1/security/roles/", "/api/v1/security/users/", "/api/v1/rowlevelsecurity/"
_RULE_MARK = "Defined in superset/access.yml"


@dataclass(frozen=True)
class Change:
    """One thing to do by REST: ``verb`` is create, update or prune; ``drift`` that somebody changed it manually."""

    verb: Literal["create", "update", "prune"]
    label: str
    fields: tuple[str, ...]
    do: Callable[[], object] = field(compare=False, repr=False)
    drift: bool = False


@dataclass
class Directory:
    """Superset's roles, users, groups, permissions and row rules by name."""

    client: Client
    roles: dict[str, int] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, client: Client) -> "Directory":
        found = cls(client)
        found.roles = {row["name"]: row["id"] for row in client.list(ROLES)}
        found.users = {row["username"]: row for row in client.list(USERS)}
        found.groups = {row["name"]: row for row in client.list("/api/v1/security/groups/")}
        found.rules = {row["name"]: row for row in client.list(_RULES)}
        return found

    @cached_property
    def permissions(self) -> dict[str, int]:
        """Read when first asked for: a connection that is sent brings more of them."""
        rows = self.client.list("/api/v1/security/permissions-resources/")
        return {f"{row['permission']['name']} on {row['view_menu']['name']}": row["id"] for row in rows}

    def role_permissions(self, role: str) -> set[str]:
        rows = self.client.get(f"{ROLES}{self.roles[role]}/permissions/")["result"]
        return {f"{row['permission_name']} on {row['view_menu_name']}" for row in rows}


def static_permissions(access: Access, role: str) -> set[str]:
    """The permissions of a role by name, those of the roles that it includes too."""
    spec = access.roles[role]
    return set(spec.permissions).union(*(static_permissions(access, name) for name in spec.includes))


def _schema_permissions(access: Access, role: str, known: Mapping[str, int], *, planning: bool) -> set[str]:
    """Superset names them ``schema_access on [connection].[catalog].[schema]``.

    They come into being with the connection, so that a plan for a fresh site goes without them.
    """
    found: set[str] = set()
    for connection, schemas in access.roles[role].schemas.items():
        start = f"schema_access on [{access.connections[connection].name}]."  # type: ignore[index]
        for schema in schemas:
            names = [name for name in known if name.startswith(start) and name.endswith(f".[{schema}]")]
            if not names and not planning:
                raise CheckFailed(
                    f"Superset knows no schema {schema!r} on the connection {connection!r}. "
                    "Check that the warehouse is built and that Superset reaches it, then publish again."
                )
            found.update(names)
    return found


def _wanted(access: Access, role: str, directory: Directory, *, planning: bool) -> set[str]:
    static = static_permissions(access, role)
    unknown = sorted(static - set(directory.permissions))
    if unknown:
        raise CheckFailed(f"Superset has no permission {unknown[0]!r}. Correct superset/access.yml.")
    return static | _schema_permissions(access, role, directory.permissions, planning=planning)


def _set_role(directory: Directory, name: str, wanted: set[str]) -> None:
    if name not in directory.roles:
        directory.roles[name] = directory.client.post(ROLES, {"name": name})["id"]
    ids = sorted(directory.permissions[permission] for permission in wanted)
    directory.client.post(f"{ROLES}{directory.roles[name]}/permissions", {"permission_view_menu_ids": ids})


def role_changes(access: Access, directory: Directory, *, planning: bool) -> list[Change]:
    changes: list[Change] = []
    for name in access.roles:
        wanted = _wanted(access, name, directory, planning=planning)
        live = directory.role_permissions(name) if name in directory.roles else set()
        if live == wanted and name in directory.roles:
            continue
        verb: Literal["create", "update"] = "update" if name in directory.roles else "create"
        fields = tuple(sorted(wanted ^ live)) if verb == "update" else ()
        changes.append(Change(verb, f"role {name}", fields, lambda n=name, w=wanted: _set_role(directory, n, w)))  # type: ignore[misc]
    return changes


def _user_body(access: Access, username: str, directory: Directory) -> dict[str, Any]:
    spec = access.users[username]
    return {
        "first_name": spec.first_name,
        "last_name": spec.last_name,
        "email": spec.email,
        "active": True,
        "roles": sorted(directory.roles[name] for name in spec.roles),
    }


def _create_user(access: Access, username: str, directory: Directory, password: str) -> None:
    body = _user_body(access, username, directory) | {"username": username}
    directory.users[username] = body | directory.client.post(USERS, body | {"password": password})


def _user_fields(access: Access, username: str, directory: Directory) -> tuple[str, ...]:
    spec, live = access.users[username], directory.users[username]
    same = {
        "active": live["active"] is True,
        "email": live["email"] == spec.email,
        "first_name": live["first_name"] == spec.first_name,
        "last_name": live["last_name"] == spec.last_name,
        "roles": {role["name"] for role in live["roles"]} == set(spec.roles),
    }
    return tuple(name for name, equal in same.items() if not equal)


def user_changes(access: Access, directory: Directory, passwords: Mapping[str, str]) -> list[Change]:
    """Users are made once with the given password; a password that its user changed later stays."""
    changes: list[Change] = []
    for name in access.users:
        if name not in directory.users:
            create = lambda n=name: _create_user(access, n, directory, passwords[n])  # noqa: E731
            changes.append(Change("create", f"user {name}", (), create))
        elif fields := _user_fields(access, name, directory):
            path = f"{USERS}{directory.users[name]['id']}"
            update = lambda n=name, p=path: directory.client.put(p, _user_body(access, n, directory))  # noqa: E731
            changes.append(Change("update", f"user {name}", fields, update))
    return changes


def dashboard_changes(specs: Specs, directory: Directory, ids: Mapping[str, int]) -> list[Change]:
    """``ids``: dashboard uuid to numeric id. A dashboard with roles is seen by those roles (and admins) alone."""
    changes: list[Change] = []
    for dashboard in specs.dashboards.values():
        number = ids.get(str(identity("dashboards", dashboard.name)))
        path = f"/api/v1/dashboard/{number}"
        live = {row["name"] for row in directory.client.get(path)["result"]["roles"]} if number else set()
        if live == set(dashboard.access):
            continue

        def update(path: str = path, names: tuple[str, ...] = dashboard.access) -> None:
            directory.client.put(path, {"roles": sorted(directory.roles[name] for name in names)})

        changes.append(Change("update", f"dashboard {dashboard.name}", ("roles",), update))
    return changes


def _described(rule: RowRule) -> str:
    return f"{signed(_RULE_MARK)}: {rule.description}"


def _rule_body(name: str, rule: RowRule, directory: Directory, datasets: Mapping[str, int]) -> dict[str, Any]:
    return {
        "name": name,
        "description": _described(rule),
        "filter_type": rule.kind,
        "tables": sorted(datasets[str(identity("datasets", dataset))] for dataset in rule.datasets),
        "roles": sorted(directory.roles[role] for role in rule.roles),
        "group_key": rule.group,
        "clause": rule.clause,
    }


def _rule_fields(live: Mapping[str, Any], rule: RowRule) -> tuple[str, ...]:
    same = {
        "clause": live["clause"] == rule.clause,
        "description": live["description"] == _described(rule),
        "filter_type": live["filter_type"] == rule.kind,
        "group_key": (live["group_key"] or "") == rule.group,
        "roles": {row["name"] for row in live["roles"]} == set(rule.roles),
        "tables": {row["table_name"].split(".")[-1] for row in live["tables"]} == set(rule.datasets),
    }
    return tuple(name for name, equal in same.items() if not equal)


def is_ours(rule: Mapping[str, Any]) -> bool:
    """Whether a row rule of Superset's carries our mark."""
    return (rule["description"] or "").startswith(f"{signed(_RULE_MARK)}: ")


def rule_changes(access: Access, directory: Directory, datasets: Mapping[str, int]) -> list[Change]:
    """Row rules by name; ours carry a mark in their description, and only those are pruned."""
    changes: list[Change] = []
    for name, rule in access.row_rules.items():

        def write(name: str = name, rule: RowRule = rule) -> None:
            body = _rule_body(name, rule, directory, datasets)
            if name in directory.rules:
                directory.client.put(f"{_RULES}{directory.rules[name]['id']}", body)
            else:
                directory.client.post(_RULES, body)

        fields = _rule_fields(directory.rules[name], rule) if name in directory.rules else ()
        if fields or name not in directory.rules:
            changes.append(Change("update" if fields else "create", f"row rule {name}", fields, write))
    for name, live in directory.rules.items():
        if name not in access.row_rules and is_ours(live):
            path = f"{_RULES}{live['id']}"
            remove = lambda p=path: directory.client.delete(p)  # noqa: E731
            changes.append(Change("prune", f"row rule {name}", (), remove))
    return changes
