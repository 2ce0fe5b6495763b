"""What ``access.yml`` asks for and the import API cannot carry: roles, users, row rules, roles of dashboards."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bootstrap.assets.directory import Directory, is_our_rule, registers, rule_mark
from bootstrap.assets.identity import identity
from bootstrap.assets.imported import Contents
from bootstrap.assets.live import Live
from bootstrap.assets.resource import Change, Form, Resource
from bootstrap.assets.spec import Access, Dashboard
from bootstrap.errors import CheckFailed

_DESCRIPTION = "Kept by lgs publish: whatever stands here and in superset/access.yml no more is {}."
_ENDS = {"roles": "deleted", "users": "deactivated"}


class Roles(Resource):
    """A role that left is deleted, unless somebody else's work rests on it.

    A dashboard that lost its only role would be open to everybody who may read its datasets.
    """

    kind = "roles"

    def __init__(self, access: Access, directory: Directory, live: Live) -> None:
        self.access, self.directory, self.live = access, directory, live
        self.known: Mapping[str, int] = {}

    def read(self) -> dict[str, Form]:
        names = self.directory.found("roles", self.access.roles.keys())
        return {f"role {name}": {"permissions": self.directory.role_permissions(name)} for name in names}

    def want(self) -> dict[str, Form]:
        self.known = known = self.directory.permissions()
        wanted = {name: static_permissions(self.access, name) for name in self.access.roles}
        for permission in sorted(set().union(*wanted.values()) - known.keys()):
            raise CheckFailed(f"Superset has no permission {permission!r}. Correct superset/access.yml.")
        return {
            f"role {name}": {"permissions": sorted({*static, *self._schema_permissions(name, known)})}
            for name, static in wanted.items()
        }

    def _schema_permissions(self, role: str, known: Mapping[str, int]) -> Iterator[str]:
        """Superset names them ``schema_access on [connection].[catalog].[schema]``, once it has the connection."""
        for connection, schemas in self.access.roles[role].schemas.items():
            start = f"schema_access on [{self.access.connections[connection].name}]."  # type: ignore[index]
            for schema in schemas:
                names = [name for name in known if name.startswith(start) and name.endswith(f".[{schema}]")]
                yield from names or [f"{start}[{schema}]"]

    def differ(self, before: Form, after: Form) -> Sequence[str]:
        return sorted(set(before["permissions"]) ^ set(after["permissions"]))

    def send(self, name: str, form: Form) -> None:
        for permission in form["permissions"]:
            if permission not in self.known:
                raise CheckFailed(
                    f"Superset does not know the permission {permission!r}. "
                    "Check that the warehouse is built and that Superset reaches it, then publish again."
                )
        if name not in self.directory.rows["roles"]:
            self.directory.save("roles", name, {"name": name})
        numbers = sorted(self.known[permission] for permission in form["permissions"])
        path = f"{self.directory.path('roles', name)}/permissions"
        self.directory.client.post(path, {"permission_view_menu_ids": numbers})

    def delete(self, name: str) -> None:
        self.directory.delete("roles", name)

    def clashes(self) -> list[str]:
        return self.directory.clashes("roles", self.access.roles.keys())

    def holders(self, name: str) -> tuple[str, ...]:
        return tuple(holder for role, holder in self._held() if f"role {role}" == name)

    def _held(self) -> Iterator[tuple[str, str]]:
        """Role and what rests on it, for all that is not ours."""
        rows, ours = self.directory.rows, {*self.access.users, *self.directory.owned("users")}
        theirs: list[tuple[str, Form]] = [
            *[(f"user {name}", row) for name, row in rows["users"].items() if name not in ours],
            *[(f"group {name}", row) for name, row in rows["groups"].items() if name not in registers().values()],
            *[(f"row rule {name}", row) for name, row in rows["rules"].items() if not is_our_rule(row)],
        ]
        yield from ((role["name"], holder) for holder, row in theirs for role in row["roles"])
        for row in self.live.rows["dashboards"].values():
            yield from ((role, row.label) for role in row.roles if row.spec is None)


def static_permissions(access: Access, role: str) -> set[str]:
    """The permissions of a role by name, those of the roles that it includes too."""
    spec = access.roles[role]
    return set(spec.permissions).union(*(static_permissions(access, name) for name in spec.includes))


class DashboardRoles(Resource):
    """A dashboard with roles is seen by those roles (and admins) alone."""

    kind = "dashboard roles"

    def __init__(self, dashboards: Mapping[str, Dashboard], directory: Directory, live: Live) -> None:
        self.directory, self.live = directory, live
        self.dashboards = {str(identity("dashboards", name)): spec for name, spec in dashboards.items()}

    def read(self) -> dict[str, Form]:
        there = self.live.rows["dashboards"]
        return {
            f"dashboard {spec.name}": {"roles": list(there[uuid].roles)}
            for uuid, spec in self.dashboards.items()
            if uuid in there
        }

    def want(self) -> dict[str, Form]:
        return {f"dashboard {spec.name}": {"roles": sorted(spec.access)} for spec in self.dashboards.values()}

    def send(self, name: str, form: Form) -> None:
        path = f"/api/v1/dashboard/{self.live.number('dashboards', name)}"
        self.directory.client.put(path, {"roles": self.directory.ids("roles", form["roles"])})


class Users(Resource):
    """Users are made once with the given password; a password that its user changed later stays.

    One that left is deactivated and loses its roles: what they made stays theirs, and they may come back.
    """

    kind = "users"

    def __init__(self, access: Access, directory: Directory, passwords: Mapping[str, str]) -> None:
        self.users, self.directory, self.passwords = access.users, directory, passwords

    def read(self) -> dict[str, Form]:
        rows = self.directory.rows["users"]
        return {f"user {name}": _user_form(rows[name]) for name in self.directory.found("users", self.users.keys())}

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


def _user_form(row: Form) -> Form:
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


class RowRules(Resource):
    """Ours carry a mark in their description, and only those are removed."""

    kind = "row rules"

    def __init__(self, access: Access, directory: Directory, live: Live, contents: Contents) -> None:
        self.rules, self.directory, self.live, self.contents = access.row_rules, directory, live, contents

    def read(self) -> dict[str, Form]:
        rows = self.directory.rows["rules"].items()
        return {f"row rule {name}": _rule_form(row) for name, row in rows if name in self.rules or is_our_rule(row)}

    def want(self) -> dict[str, Form]:
        return {
            f"row rule {name}": {
                "clause": rule.clause,
                "description": rule_mark() + rule.description,
                "filter_type": rule.kind,
                "group_key": rule.group,
                "roles": sorted(rule.roles),
                "tables": sorted({*rule.datasets, *self._retired(f"row rule {name}")}),
            }
            for name, rule in self.rules.items()
        }

    def _retired(self, name: str) -> set[str]:
        """The datasets of a rule that left the specs and are kept: it goes on protecting them."""
        tables = self.read().get(name, {}).get("tables", ())
        return {table for table in tables if self.contents.is_retired(f"dataset {table}")}

    def holders(self, name: str) -> tuple[str, ...]:
        return tuple(f"the retired dataset {table}" for table in sorted(self._retired(name)))

    def send(self, name: str, form: Form) -> None:
        datasets = self.live.ids["datasets"]
        body = form | {
            "name": name,
            "roles": self.directory.ids("roles", form["roles"]),
            "tables": sorted(datasets[str(identity("datasets", dataset))] for dataset in form["tables"]),
        }
        self.directory.save("rules", name, body)

    def delete(self, name: str) -> None:
        self.directory.delete("rules", name)

    def clashes(self) -> list[str]:
        rows = self.directory.rows["rules"]
        return [f"row rule {name!r}" for name in self.rules if name in rows and not is_our_rule(rows[name])]


def _rule_form(row: Form) -> Form:
    form = {key: row[key] for key in ("clause", "description", "filter_type")}
    return form | {
        "group_key": row["group_key"] or "",
        "roles": sorted(role["name"] for role in row["roles"]),
        "tables": sorted(table["table_name"].split(".")[-1] for table in row["tables"]),
    }
