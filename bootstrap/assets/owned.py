"""Which roles and users are ours, so that those that leave ``superset/access.yml`` are known.

Neither has a place for a mark, so two groups of Superset list them. Nobody gains by either: the group of roles has no
users, that of users no roles.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Literal

from bootstrap.assets.access import ROLES, USERS, Change, Directory, is_ours
from bootstrap.assets.identity import read_mark, signed
from bootstrap.assets.spec import Access

Kind = Literal["roles", "users"]
_GROUPS = "/api/v1/security/groups/"
_TITLES: dict[Kind, str] = {"roles": "Roles of superset/access.yml", "users": "Users of superset/access.yml"}
_KEYS: dict[Kind, str] = {"roles": "name", "users": "username"}
_DESCRIPTION = "Kept by lgs publish: whatever stands here and in superset/access.yml no more is {}."
_ENDS: dict[Kind, str] = {"roles": "deleted", "users": "deactivated"}


def clashes(access: Access, directory: Directory, *, published: bool) -> list[str]:
    """The roles, users and row rules that ``superset/access.yml`` names and somebody else made.

    ``published`` says that the site has our connections: without a group, a version that kept none made what is there.
    A user who left us is nobody else's: inactive, without a role.
    """
    found = [
        f"{kind[:-1]} {name!r}"
        for kind, names in _named(access).items()
        if _name(kind) in directory.groups or not published
        for name in sorted(names & set(getattr(directory, kind)) - set(_owned(directory, kind)))
        if kind == "roles" or directory.users[name]["active"] or directory.users[name]["roles"]
    ]
    rules = [directory.rules[name] for name in access.row_rules if name in directory.rules]
    return found + [f"row rule {rule['name']!r}" for rule in rules if not is_ours(rule)]


def user_prunes(access: Access, directory: Directory) -> list[Change]:
    """Users that left are deactivated and lose their roles: what they made stays theirs, and they may come back."""
    gone = [name for name in _owned(directory, "users") if name not in access.users]
    body = {"active": False, "roles": []}
    return [
        Change(
            "prune",
            f"user {name}",
            tuple(body),
            partial(directory.client.put, f"{USERS}{directory.users[name]['id']}", body),
        )
        for name in gone
    ]


def role_prunes(access: Access, directory: Directory) -> tuple[list[Change], dict[str, list[str]]]:
    """Roles that left are deleted; one that somebody else's work rests on is kept.

    Gives the changes, and for each role that is kept what rests on it. A dashboard that lost its only role would be
    open to everybody who may read its datasets.
    """
    gone = [name for name in _owned(directory, "roles") if name not in access.roles]
    held = list(_held(access, directory)) if gone else []
    kept = {name: holders for name in gone if (holders := [holder for role, holder in held if role == name])}
    prunes = [
        Change("prune", f"role {name}", (), partial(directory.client.delete, f"{ROLES}{directory.roles[name]}"))
        for name in gone
        if name not in kept
    ]
    return prunes, kept


def register_changes(access: Access, directory: Directory, kept_roles: Iterable[str] | None = None) -> list[Change]:
    """Bring the two groups up to the roles and users that are ours now; without ``kept_roles`` nobody is struck off."""
    changes: list[Change] = []
    for kind, names in _named(access).items():
        group = _name(kind)
        if kept_roles is None:
            names |= set(_owned(directory, kind))
        elif kind == "roles":
            names |= set(kept_roles)
        if group not in directory.groups:
            changes.append(Change("create", f"group {group}", (), partial(_write, directory, kind, names)))
        elif fields := tuple(sorted(names ^ set(_owned(directory, kind)))):
            changes.append(Change("update", f"group {group}", fields, partial(_write, directory, kind, names)))
    return changes


def _name(kind: Kind) -> str:
    return signed(_TITLES[kind])


def _named(access: Access) -> dict[Kind, set[str]]:
    return {"roles": set(access.roles), "users": set(access.users)}


def _owned(directory: Directory, kind: Kind) -> list[str]:
    group = directory.groups.get(_name(kind), {})
    return [row[_KEYS[kind]] for row in group.get(kind, ())]


def _write(directory: Directory, kind: Kind, names: set[str]) -> None:
    numbers: dict[Kind, dict[str, int]] = {
        "roles": directory.roles,
        "users": {name: row["id"] for name, row in directory.users.items()},
    }
    empty: dict[str, Any] = {"name": _name(kind), "label": "", "roles": [], "users": []}
    members = {"description": _DESCRIPTION.format(_ENDS[kind]), kind: sorted(numbers[kind][name] for name in names)}
    group = directory.groups.get(_name(kind))
    if group:
        directory.client.put(f"{_GROUPS}{group['id']}", empty | members)
    else:
        group = directory.client.post(_GROUPS, empty | members)
    directory.groups[_name(kind)] = {"id": group["id"], kind: [{_KEYS[kind]: name} for name in names]}


def _held(access: Access, directory: Directory) -> Iterator[tuple[str, str]]:
    """Role and what rests on it, for all that is not ours."""
    ours = {*access.users, *_owned(directory, "users")}
    columns = ("id", "uuid", "dashboard_title", "roles.id", "roles.name", "certification_details")
    rows: list[tuple[str, dict[str, Any]]] = [
        *[(f"user {name}", row) for name, row in directory.users.items() if name not in ours],
        *[(f"group {name}", row) for name, row in directory.groups.items() if name not in map(_name, _TITLES)],
        *[(f"row rule {name}", row) for name, row in directory.rules.items() if not is_ours(row)],
        *[
            (f"dashboard {row['dashboard_title']!r}", row)
            for row in directory.client.list("/api/v1/dashboard/", columns)
            if read_mark(row["certification_details"], row["uuid"]) is None
        ],
    ]
    return ((role["name"], holder) for holder, row in rows for role in row["roles"])
