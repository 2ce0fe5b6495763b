"""A backup carries a running edition, with what users made there, into another one."""

import json
import stat
import tarfile
from pathlib import Path

import psycopg2
import pytest
import requests

from bootstrap.layer.loader import load_layer
from bootstrap.settings import data_folder
from tests.conftest import MakeShop, Shop
from tests.content import content_hashes


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def signed_in(shop: Shop, username: str) -> requests.Session:
    session = requests.Session()
    body = {"username": username, "password": shop.stack.credentials.users[username], "provider": "db", "refresh": True}
    answer = session.post(f"{shop.stack.superset_url}/api/v1/security/login", json=body, timeout=60)
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return session


def hashes(shop: Shop) -> dict[str, str]:
    """Of all but the history of refreshes: the publish after a restore notes there what it changed."""
    with psycopg2.connect(shop.stack.url("warehouse")) as connection, connection.cursor() as cursor:
        found = content_hashes(cursor, load_layer(data_folder("views")))
    return {relation: content for relation, content in found.items() if relation != "mart.refresh_history"}


def make_own_dashboard(shop: Shop) -> None:
    session = signed_in(shop, "admin")
    token = session.get(f"{shop.stack.superset_url}/api/v1/security/csrf_token/", timeout=60).json()["result"]
    session.headers["X-CSRFToken"] = token
    body = {"dashboard_title": "My own"}
    answer = session.post(f"{shop.stack.superset_url}/api/v1/dashboard/", json=body, timeout=60)
    assert answer.status_code == 201, answer.text


def test_a_backup_restores_into_another_stack(shop: Shop, make_shop: MakeShop, tmp_path: Path) -> None:
    make_own_dashboard(shop)
    file = tmp_path / "backup.tar"
    written = shop.lgs("backup", str(file))
    assert written.returncode == 0, written.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    other = make_shop()
    restored = other.lgs("restore", str(file))
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert hashes(other) == hashes(shop)
    titles = "select dashboard_title, uuid from dashboards order by uuid"
    assert rows(other.stack.url("metadata"), titles) == rows(shop.stack.url("metadata"), titles)
    session = signed_in(other, "marketing")
    listed = session.get(f"{other.stack.superset_url}/api/v1/dashboard/", timeout=60).json()["result"]
    assert "Sales & customers" in [dashboard["dashboard_title"] for dashboard in listed]

    again = other.lgs("publish")
    assert "nothing to do" in again.stdout, again.stdout + again.stderr
    refreshed = other.lgs("refresh", "--source", str(shop.source))
    assert "Data: nothing to do" in refreshed.stdout, refreshed.stdout + refreshed.stderr


@pytest.mark.parametrize("content", [b"", b"no backup at all", None], ids=["empty", "text", "foreign manifest"])
def test_what_is_no_backup_is_refused_and_changes_nothing(shop: Shop, tmp_path: Path, content: bytes | None) -> None:
    before, file = hashes(shop), tmp_path / "file.tar"
    if content is None:
        manifest = tmp_path / "manifest.json"
        manifest.write_text(json.dumps({"format": 99}))
        with tarfile.open(file, "x") as archive:
            for name in ("manifest.json", "warehouse.dump", "superset.dump"):
                archive.add(manifest, name)
    else:
        file.write_bytes(content)
    done = shop.lgs("restore", str(file))
    assert (done.returncode, "is not a backup" in done.stderr) == (2, True), done.stderr
    assert hashes(shop) == before
    assert [service.healthy for service in shop.stack_status.services] == [True, True]
