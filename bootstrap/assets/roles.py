"""Roles with their permissions, and the roles of dashboards: what the import API cannot carry."""

from collections.abc import Iterator, Mapping, Sequence

from bootstrap.assets.directory import ROLES, Directory, is_our_rule, registers
from bootstrap.assets.identity import identity
from bootstrap.assets.live import Live
from bootstrap.assets.resource import Change, Form, Resource
from bootstrap.assets.spec import Access, Dashboard
from bootstrap.errors import CheckFailed


class Roles(Resource):
    """A role that left is deleted, unless somebody else's work rests on it.

    A dashboard that lost its only role would be open to everybody who may read its datasets.
    """

    kind = "roles"

    def __init__(self, access: Access, directory: Directory, live: Live) -> None:
        self.access, self.directory, self.live = access, directory, live

    def read(self) -> dict[str, Form]:
        names = self.directory.owned("roles") | (self.access.roles.keys() & self.directory.roles.keys())
        return {f"role {name}": {"permissions": self.directory.role_permissions(name)} for name in sorted(names)}

    def want(self) -> dict[str, Form]:
        known = self.directory.permissions()
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

    def apply(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        wanted, known = self.want(), self.directory.permissions()
        for change in changes:
            numbers = [_number(permission, known) for permission in wanted[change.name]["permissions"]]
            name = change.name.removeprefix("role ")
            if name not in self.directory.roles:
                self.directory.roles[name] = self.directory.client.post(ROLES, {"name": name})["id"]
            path = f"{ROLES}{self.directory.roles[name]}/permissions"
            self.directory.client.post(path, {"permission_view_menu_ids": sorted(numbers)})

    def remove(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self.directory.client.delete(f"{ROLES}{self.directory.roles[change.name.removeprefix('role ')]}")

    def clashes(self) -> list[str]:
        return [f"role {name!r}" for name in self.directory.others("roles", set(self.access.roles))]

    def holders(self, name: str) -> tuple[str, ...]:
        return tuple(holder for role, holder in self._held() if f"role {role}" == name)

    def _held(self) -> Iterator[tuple[str, str]]:
        """Role and what rests on it, for all that is not ours."""
        directory = self.directory
        ours = {*self.access.users, *directory.owned("users")}
        rows: list[tuple[str, Form]] = [
            *[(f"user {name}", row) for name, row in directory.users.items() if name not in ours],
            *[(f"group {name}", row) for name, row in directory.groups.items() if name not in registers().values()],
            *[(f"row rule {name}", row) for name, row in directory.rules.items() if not is_our_rule(row)],
        ]
        yield from ((role["name"], holder) for holder, row in rows for role in row["roles"])
        theirs = [row for row in self.live.rows["dashboards"].values() if row.spec is None]
        yield from ((role, row.label) for row in theirs for role in row.roles)


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

    def apply(self, changes: Sequence[Change]) -> None:
        wanted = self.want()
        for change in changes:
            uuid = str(identity("dashboards", change.name.removeprefix("dashboard ")))
            roles = sorted(self.directory.roles[name] for name in wanted[change.name]["roles"])
            self.directory.client.put(f"/api/v1/dashboard/{self.live.rows['dashboards'][uuid].id}", {"roles": roles})

    def remove(self, changes: Sequence[Change]) -> None:
        """They go with their dashboard."""
