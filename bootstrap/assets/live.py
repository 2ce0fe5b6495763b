"""What a Superset holds now: a short list of everything, and the whole of what is asked for by id. Only reads."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import yaml

from bootstrap.assets.client import Client
from bootstrap.assets.identity import identity, read_mark, read_name
from bootstrap.assets.native import OBJECTS
from bootstrap.assets.normal import FIELDS
from bootstrap.assets.resource import Form

PATHS = {"databases": "database", "datasets": "dataset", "charts": "chart", "dashboards": "dashboard"}
_OWNERS = ("owners.first_name", "owners.last_name")
_COLUMNS: Mapping[str, tuple[str, ...]] = {  # the title first
    "databases": ("database_name",),
    "datasets": ("table_name", "schema", "database.uuid", "extra"),
    "charts": ("slice_name", "datasource_id", "datasource_type", "certification_details", "dashboards.id", *_OWNERS),
    "dashboards": ("dashboard_title", "slug", "certification_details", "roles.name", *_OWNERS),
}
_BATCH = 100  # ids in one address


@dataclass(frozen=True)
class Row:
    """One object as its list shows it.

    ``spec`` names what it is made from when it carries our genuine mark; ``place`` is what no two objects may share.
    """

    kind: str
    id: int
    uuid: str
    title: str
    spec: str | None
    place: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    dataset: int | None = None
    dashboards: tuple[int, ...] = ()
    roles: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.kind[:-1]} {self.title!r}"

    @property
    def owned_label(self) -> str:
        """The same with its owners, for whoever is to talk to them."""
        return f"{self.label} of {' and '.join(self.owners) or 'nobody'}"


@dataclass
class Live:
    """Databases, datasets, charts and dashboards: kind to uuid to row."""

    client: Client
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)

    @classmethod
    def read(cls, client: Client) -> "Live":
        live = cls(client)
        live.refresh()
        return live

    def refresh(self) -> None:
        """Read the lists again: what was sent has its ids now."""
        self.rows = {kind: _rows(self.client, kind) for kind in PATHS}

    def number(self, kind: str, name: str) -> int | None:
        """The id of what Superset has of a spec, if it has it."""
        row = self.rows[kind].get(str(identity(kind, name)))
        return row.id if row else None

    def delete(self, row: Row) -> None:
        self.client.delete(f"/api/v1/{PATHS[row.kind]}/{row.id}")

    @property
    def ids(self) -> dict[str, dict[str, int]]:
        return {kind: {uuid: row.id for uuid, row in rows.items()} for kind, rows in self.rows.items()}

    def export(self, chosen: Iterable[Row]) -> dict[str, Form]:
        """The rows' objects in export form, by uuid. An export brings along what its objects stand on."""
        wanted = {row.uuid: row for row in chosen}
        found = {uuid: self._connection(row) for uuid, row in wanted.items() if row.kind == "databases"}
        for kind in ("dashboards", "charts", "datasets"):
            missing = sorted(row.id for uuid, row in wanted.items() if row.kind == kind and uuid not in found)
            for start in range(0, len(missing), _BATCH):
                path = f"/api/v1/{PATHS[kind]}/export/?q=!({','.join(map(str, missing[start : start + _BATCH]))})"
                found |= {uuid: form for uuid, form in _unzip(self.client.get_bytes(path)).items() if uuid in wanted}
        return found

    def _connection(self, row: Row) -> Form:
        """In export form; an export by id would bring every dataset that people made on it."""
        found = self.client.get(f"/api/v1/database/{row.id}/connection")["result"]
        form = {key: found[key] for key in ("uuid", *FIELDS["databases"]) if key in found}
        extra = json.loads(found["extra"] or "{}")
        told = {"version": OBJECTS["object"]["version"], "allow_csv_upload": found["allow_file_upload"], "extra": extra}
        return form | told


def packed(files: Mapping[str, Form]) -> bytes:
    """The zip of these objects, by the path of their files such as ``charts/monthly_sales.yaml``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {
            "metadata.yaml": {"version": OBJECTS["object"]["version"], "type": "assets"},
            **files,
        }.items():
            archive.writestr(f"lgs/{name}", yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return buffer.getvalue()


def _unzip(archive: bytes) -> dict[str, Form]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        forms = [yaml.load(files.read(name), Loader=loader) for name in files.namelist() if name.count("/") > 1]
    return {str(form["uuid"]): form for form in forms}


def _rows(client: Client, kind: str) -> dict[str, Row]:
    columns = ("id", "uuid", *_COLUMNS[kind])
    return {row["uuid"]: _row(kind, row) for row in client.list(f"/api/v1/{PATHS[kind]}/", columns)}


def _row(kind: str, row: Form) -> Row:
    mark = mark_of(kind, row)
    return Row(
        kind,
        row["id"],
        row["uuid"],
        row[_COLUMNS[kind][0]] or "",
        read_name(mark, kind) if read_mark(mark, row["uuid"]) else None,
        _place(kind, row),
        tuple(f"{owner['first_name']} {owner['last_name']}" for owner in row.get("owners", ())),
        row["datasource_id"] if row.get("datasource_type") == "table" else None,
        tuple(dashboard["id"] for dashboard in row.get("dashboards", ())),
        tuple(sorted(role["name"] for role in row.get("roles", ()))),
    )


def mark_of(kind: str, form: Form) -> str | None:
    """The text in which an object carries its mark: of a dataset that is retired it is no certification."""
    if kind != "datasets":
        return form.get("certification_details")
    extra = form.get("extra") or {}
    extra = json.loads(extra) if isinstance(extra, str) else extra
    mark: str | None = extra.get("retired") or (extra.get("certification") or {}).get("details")
    return mark


def _place(kind: str, row: Form) -> tuple[str, ...]:
    if kind == "datasets":
        return row["database"]["uuid"], str(row["schema"]), row["table_name"]
    unique = {"databases": "database_name", "dashboards": "slug"}.get(kind)
    return (row[unique],) if unique and row[unique] else ()
