"""Users, and the registers that tell which roles and users are ours."""

from collections.abc import Iterable, Mapping, Sequence

from bootstrap.assets.directory import GROUPS, USERS, Directory, registers
from bootstrap.assets.resource import Change, Form, Resource
from bootstrap.assets.spec import Access

_DESCRIPTION = "Kept by lgs publish: whatever stands here and in superset/access.yml no more is {}."
_ENDS = {"roles": "deleted", "users": "deactivated"}


class Users(Resource):
    """Users are made once with the given password; a password that its user changed later stays.

    One that left is deactivated and loses its roles: what they made stays theirs, and they may come back.
    """

    kind = "users"

    def __init__(self, access: Access, directory: Directory, passwords: Mapping[str, str]) -> None:
        self.access, self.directory, self.passwords = access, directory, passwords

    def read(self) -> dict[str, Form]:
        names = self.directory.owned("users") | (self.access.users.keys() & self.directory.users.keys())
        return {f"user {name}": _form(self.directory.users[name]) for name in sorted(names)}

    def want(self) -> dict[str, Form]:
        return {
            f"user {name}": {
                "active": True,
                "email": spec.email,
                "first_name": spec.first_name,
                "last_name": spec.last_name,
                "roles": sorted(spec.roles),
            }
            for name, spec in self.access.users.items()
        }

    def apply(self, changes: Sequence[Change]) -> None:
        wanted, client = self.want(), self.directory.client
        for change in changes:
            name = change.name.removeprefix("user ")
            form = wanted[change.name]
            body = form | {"roles": sorted(self.directory.roles[role] for role in form["roles"])}
            if name in self.directory.users:
                client.put(f"{USERS}{self.directory.users[name]['id']}", body)
            else:
                made = body | {"username": name}
                self.directory.users[name] = made | client.post(USERS, made | {"password": self.passwords[name]})

    def remove(self, changes: Sequence[Change]) -> None:
        names = {change.name.removeprefix("user ") for change in changes}
        for name in sorted(names):
            path = f"{USERS}{self.directory.users[name]['id']}"
            self.directory.client.put(path, {"active": False, "roles": []})
        if names:
            register(self.directory, "users", self.directory.owned("users") - names)

    def clashes(self) -> list[str]:
        return [f"user {name!r}" for name in self.directory.others("users", set(self.access.users))]


def _form(row: Form) -> Form:
    form = {key: row[key] for key in ("active", "email", "first_name", "last_name")}
    return form | {"roles": sorted(role["name"] for role in row["roles"])}


class Registers(Resource):
    """Two groups that list our roles and our users. Superset itself strikes off a role that is deleted."""

    kind, is_remembered = "registers", False

    def __init__(self, access: Access, directory: Directory) -> None:
        self.named = {"roles": set(access.roles), "users": set(access.users)}
        self.directory = directory

    def read(self) -> dict[str, Form]:
        groups = self.directory.groups
        return {
            f"group {name}": {"members": _members(groups[name], kind)}
            for kind, name in registers().items()
            if name in groups
        }

    def want(self) -> dict[str, Form]:
        return {
            f"group {name}": {"members": sorted(self.named[kind] | self.directory.owned(kind))}
            for kind, name in registers().items()
        }

    def differ(self, before: Form, after: Form) -> Sequence[str]:
        return sorted(set(before["members"]) ^ set(after["members"]))

    def apply(self, changes: Sequence[Change]) -> None:
        wanted = self.want()
        for kind, name in registers().items():
            if f"group {name}" in {change.name for change in changes}:
                register(self.directory, kind, wanted[f"group {name}"]["members"])

    def remove(self, changes: Sequence[Change]) -> None:
        """They stay."""


def register(directory: Directory, kind: str, members: Iterable[str]) -> None:
    """Write the register of our ``roles`` or ``users``."""
    users = {username: row["id"] for username, row in directory.users.items()}
    numbers, name = directory.roles if kind == "roles" else users, registers()[kind]
    body: Form = {"name": name, "label": "", "roles": [], "users": []}
    body |= {"description": _DESCRIPTION.format(_ENDS[kind]), kind: sorted(numbers[member] for member in members)}
    if name in directory.groups:
        directory.client.put(f"{GROUPS}{directory.groups[name]['id']}", body)
    else:
        directory.client.post(GROUPS, body)


def _members(group: Form, kind: str) -> list[str]:
    return sorted(row["name" if kind == "roles" else "username"] for row in group[kind])
