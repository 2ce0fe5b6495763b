"""Users, and the registers that tell which roles and users are ours."""

from collections.abc import Iterable, Mapping, Sequence

from bootstrap.assets.directory import Directory, registers
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
        self.users, self.directory, self.passwords = access.users, directory, passwords

    def read(self) -> dict[str, Form]:
        rows = self.directory.rows["users"]
        return {f"user {name}": _form(rows[name]) for name in self.directory.found("users", self.users.keys())}

    def want(self) -> dict[str, Form]:
        return {
            f"user {name}": spec.model_dump() | {"active": True, "roles": sorted(spec.roles)}
            for name, spec in self.users.items()
        }

    def send(self, name: str, form: Form) -> None:
        body = form | {"roles": self.directory.ids("roles", form["roles"])}
        if name not in self.directory.rows["users"]:
            body |= {"username": name, "password": self.passwords[name]}
        self.directory.save("users", name, body)

    def remove(self, changes: Sequence[Change]) -> None:
        names = {change.spec for change in changes}
        for name in sorted(names):
            self.directory.save("users", name, {"active": False, "roles": []})
        if names:
            register(self.directory, "users", self.directory.owned("users") - names)

    def clashes(self) -> list[str]:
        return self.directory.clashes("users", self.users.keys())


def _form(row: Form) -> Form:
    form = {key: row[key] for key in ("active", "email", "first_name", "last_name")}
    return form | {"roles": sorted(role["name"] for role in row["roles"])}


class Registers(Resource):
    """Two groups that list our roles and our users. Superset itself strikes off a role that is deleted."""

    kind, is_remembered = "registers", False

    def __init__(self, access: Access, directory: Directory) -> None:
        self.wanted = {"roles": set(access.roles), "users": set(access.users)}
        self.directory = directory

    def read(self) -> dict[str, Form]:
        there = {kind: name for kind, name in registers().items() if name in self.directory.rows["groups"]}
        return {f"group {name}": {"members": self.directory.members(kind)} for kind, name in there.items()}

    def want(self) -> dict[str, Form]:
        return {
            f"group {name}": {"members": sorted(self.wanted[kind] | self.directory.owned(kind))}
            for kind, name in registers().items()
        }

    def differ(self, before: Form, after: Form) -> Sequence[str]:
        return sorted(set(before["members"]) ^ set(after["members"]))

    def send(self, name: str, form: Form) -> None:
        kind = next(kind for kind, title in registers().items() if title == name)
        register(self.directory, kind, form["members"])


def register(directory: Directory, kind: str, members: Iterable[str]) -> None:
    """Write the register of our ``roles`` or ``users``."""
    name = registers()[kind]
    body: Form = {"name": name, "label": "", "description": _DESCRIPTION.format(_ENDS[kind]), "roles": [], "users": []}
    directory.save("groups", name, body | {kind: directory.ids(kind, members)})
