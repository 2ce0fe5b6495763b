"""Roles with their permissions, and the roles of dashboards: what the import API cannot carry."""

from collections.abc import Iterator, Mapping, Sequence

from bootstrap.assets.directory import Directory, is_our_rule, registers
from bootstrap.assets.identity import identity
from bootstrap.assets.live import Live
from bootstrap.assets.resource import Form, Resource
from bootstrap.assets.spec import Access, Dashboard
from bootstrap.errors import CheckFailed


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
        numbers = sorted(_number(permission, self.known) for permission in form["permissions"])
        if name not in self.directory.rows["roles"]:
            self.directory.save("roles", name, {"name": name})
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


def _number(permission: str, known: Mapping[str, int]) -> int:
    if permission not in known:
        raise CheckFailed(
            f"Superset does not know the permission {permission!r}. "
            "Check that the warehouse is built and that Superset reaches it, then publish again."
        )
    return known[permission]


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
        row = self.live.rows["dashboards"][str(identity("dashboards", name))]
        roles = self.directory.ids("roles", form["roles"])
        self.directory.client.put(f"/api/v1/dashboard/{row.id}", {"roles": roles})
