"""What a Superset holds now, read without changing anything."""

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from bootstrap.assets.assets import KINDS, Asset, Types
from bootstrap.assets.client import Client
from bootstrap.assets.identity import read_mark
from bootstrap.connection import connected
from bootstrap.errors import CheckFailed
from bootstrap.semantic.spec import Twin

Native = dict[str, Any]
PATHS = {"databases": "database", "datasets": "dataset", "charts": "chart", "dashboards": "dashboard"}


@dataclass
class Live:
    """Assets by kind and uuid, in export form, and the numeric id of each, as ``client`` sees them."""

    client: Client
    assets: dict[str, dict[str, Native]] = field(default_factory=dict)
    ids: dict[str, dict[str, int]] = field(default_factory=dict)

    def find(self, asset: Asset) -> Native | None:
        return self.assets[asset.kind].get(str(asset.uuid))

    def revision(self, kind: str, uuid: str) -> str | None:
        """The revision in an asset's mark, or None when it is not ours."""
        content = self.assets[kind][uuid]
        if kind == "datasets":
            certification = (content.get("extra") or {}).get("certification") or {}
            return read_mark(certification.get("details"), uuid)
        return read_mark(content.get("certification_details"), uuid)

    def opens(self, connection: Asset) -> bool:
        """Whether Superset gets in with the password that it keeps, which no export shows."""
        try:
            number = self.ids["databases"][str(connection.uuid)]
            self.client.get(f"/api/v1/database/{number}/schemas/?q=(force:!t)")
        except CheckFailed:
            return False
        return True


def _export(client: Client) -> dict[str, dict[str, Native]]:
    found: dict[str, dict[str, Native]] = {kind: {} for kind in KINDS}
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with zipfile.ZipFile(io.BytesIO(client.get_bytes("/api/v1/assets/export/"))) as archive:
        for name in archive.namelist():
            kind = name.split("/")[1]
            if kind in found:
                content = yaml.load(archive.read(name), Loader=loader)
                found[kind][str(content["uuid"])] = content
    return found


def ids(client: Client) -> dict[str, dict[str, int]]:
    """Kind to uuid to numeric id."""
    return {
        kind: {row["uuid"]: row["id"] for row in client.list(f"/api/v1/{path}/", ("id", "uuid"))}
        for kind, path in PATHS.items()
    }


def read(client: Client) -> Live:
    return Live(client, assets=_export(client), ids=ids(client))


def column_types(reader_url: str, twins: Iterable[Twin]) -> dict[tuple[str, str], str]:
    """(relation, column) to SQL type in capitals, as the reading role sees them; nothing for what is not there.

    Raises ``Unreachable`` when the warehouse does not answer.
    """
    query = """
        select n.nspname || '.' || c.relname, a.attname, upper(format_type(a.atttypid, null))
        from pg_attribute as a
        inner join pg_class as c on c.oid = a.attrelid
        inner join pg_namespace as n on n.oid = c.relnamespace
        where a.attnum > 0 and not a.attisdropped and n.nspname || '.' || c.relname = any(%s)
    """
    rows = _rows(reader_url, query, [[twin.relation for twin in twins]])
    return {(relation, name): kind for relation, name, kind in rows}


def unbuilt(twins: Iterable[Twin], types: Types) -> list[str]:
    """The relations of twins that the warehouse does not have, and the columns that its relations lack."""
    built = {relation for relation, _ in types}
    lacking = {
        twin.relation: [column.name for column in twin.columns if (twin.relation, column.name) not in types]
        for twin in twins
    }
    return [
        place
        for relation, names in lacking.items()
        for place in ([f"{relation}.{name}" for name in names] if relation in built else [relation])
    ]


def _rows(url: str, query: str, parameters: list[Any]) -> list[tuple[str, str, str]]:
    with connected(url) as connection, connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())
