"""A backup carries a running edition, with what users made there, into another one."""

import io
import json
import lzma
import os
import secrets
import stat
import subprocess
import sys
import tarfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests
import yaml
from werkzeug.security import generate_password_hash

from bootstrap.backup import FORMAT, PARTS, put_in_place, read_manifest
from bootstrap.errors import UsageError
from bootstrap.project import current
from bootstrap.semantic.loader import load_layer
from tests.conftest import REPOSITORY, SMALL_DUMP, MakeShop, Shop, execute
from tests.content import content_hashes
from tests.processes import until

TITLES = "select dashboard_title, uuid from dashboards order by uuid"
ASSETS = {
    "databases": "select uuid::text, id, database_name from dbs",
    "datasets": "select uuid::text, id, table_name from tables",
    "charts": "select uuid::text, id, slice_name from slices",
    "dashboards": "select uuid::text, id, slug from dashboards",
}
DATABASES = """
    select datname, has_database_privilege('public', oid, 'connect'), shobj_description(oid, 'pg_database')
    from pg_database
    where datname ~ '^(lgs|superset)'
    order by 1
"""


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
        found = content_hashes(cursor, load_layer(current().views))
    return {relation: content for relation, content in found.items() if relation != "mart.refresh_history"}


def make_own_dashboard(shop: Shop) -> None:
    session = signed_in(shop, "admin")
    token = session.get(f"{shop.stack.superset_url}/api/v1/security/csrf_token/", timeout=60).json()["result"]
    session.headers["X-CSRFToken"] = token
    body = {"dashboard_title": "My own"}
    answer = session.post(f"{shop.stack.superset_url}/api/v1/dashboard/", json=body, timeout=60)
    assert answer.status_code == 201, answer.text


def rarely_asked(shop: Shop) -> Any:
    """What no chart asks: before a backup nobody did."""
    session = signed_in(shop, "admin")
    dataset = rows(shop.stack.url("metadata"), "select id from tables where table_name = 'customer_month'")[0][0]
    query = {"metrics": ["sales"], "columns": [], "row_limit": 17}
    body = {"datasource": {"id": dataset, "type": "table"}, "queries": [query], "result_format": "json"}
    answer = session.post(f"{shop.stack.superset_url}/api/v1/chart/data", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"][0]["data"]


def with_another_key(backup: Path, path: Path) -> Path:
    """The same backup, but what it says of its key is wrong."""
    with tarfile.open(backup) as whole, tarfile.open(path, "x") as archive:
        for member in whole.getmembers():
            content = whole.extractfile(member).read()  # type: ignore[union-attr]
            if member.name == "manifest.json":
                content = json.dumps(json.loads(content) | {"secret_key": secrets.token_urlsafe(48)}).encode()
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture(scope="module")
def file(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the shop with a dashboard of its own."""
    make_own_dashboard(shop)
    path = tmp_path_factory.mktemp("backup") / "backup.tar"
    written = shop.lgs("backup", str(path))
    assert written.returncode == 0, written.stderr
    return path


@pytest.fixture(scope="module")
def other(make_shop: MakeShop, file: Path) -> Shop:
    """Another stack, made from nothing but the backup."""
    other = make_shop()
    restored = other.lgs("restore", str(file))
    assert restored.returncode == 0, restored.stdout + restored.stderr
    return other


def test_a_backup_restores_into_another_stack(shop: Shop, file: Path, other: Shop) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert hashes(other) == hashes(shop)
    assert rows(other.stack.url("metadata"), TITLES) == rows(shop.stack.url("metadata"), TITLES)
    assert rows(other.stack.url("admin"), DATABASES) == [
        ("lgs", False, None),
        ("superset", False, other.stack.metadata.mark),
    ]
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


def test_a_backup_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    said = {"made_at": "2030-01-01T00:00:00Z", "product": "9.0", "superset": version("apache-superset")}
    file, manifest = tmp_path / "newer.tar", tmp_path / "manifest.json"
    manifest.write_text(json.dumps({**said, "format": FORMAT, "tables": "9999", "secret_key": "x"}))
    with tarfile.open(file, "x") as archive:
        for name in ("manifest.json", *PARTS.values()):
            archive.add(manifest, name)
    with pytest.raises(UsageError, match=r"lgs 9\.0.*Restore it with the version that made it"):
        read_manifest(file)


def test_a_restore_brings_back_the_lines_of_the_backup_whatever_the_source_names(
    shop: Shop, file: Path, other: Shop
) -> None:
    loaded = other.lgs("refresh", "--source", str(SMALL_DUMP), "--allow-loss")
    assert loaded.returncode == 0, loaded.stderr
    assert rarely_asked(other) != rarely_asked(shop)
    word = generate_password_hash("an analyst's own words")
    execute(other.stack.url("metadata"), f"update ab_user set password = '{word}' where username = 'analyst'")
    restored = other.lgs("restore", str(file), LGS_SOURCE=str(SMALL_DUMP))
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert hashes(other) == hashes(shop)
    assert rarely_asked(other) == rarely_asked(shop)
    assert rows(other.stack.url("metadata"), "select password from ab_user where username = 'analyst'") == [(word,)]


def test_a_restore_that_fails_leaves_all_as_it_was_and_says_why(other: Shop, file: Path, tmp_path: Path) -> None:
    before, titles = hashes(other), rows(other.stack.url("metadata"), TITLES)
    wrong = with_another_key(file, tmp_path / "wrong.tar")
    touched = tmp_path.stat().st_mtime_ns
    done = other.lgs("restore", str(wrong))
    assert (done.returncode, "cannot be renewed" in done.stderr) == (1, True), done.stdout + done.stderr
    assert done.stderr.startswith("The restore failed")
    assert tmp_path.stat().st_mtime_ns == touched  # it may be a folder that nobody can write to
    assert (hashes(other), rows(other.stack.url("metadata"), TITLES)) == (before, titles)
    assert [name for name, *_ in rows(other.stack.url("admin"), DATABASES)] == ["lgs", "superset"]
    assert not (other.home / "restoring").exists()
    assert [service.healthy for service in other.stack_status.services] == [True, True]


def test_a_killed_restore_leaves_all_as_it_was(other: Shop, file: Path) -> None:
    before, titles = hashes(other), rows(other.stack.url("metadata"), TITLES)
    command = [sys.executable, "-m", "bootstrap", "restore", str(file)]
    process = subprocess.Popen(command, cwd=REPOSITORY, env=os.environ | other.environment, stdout=subprocess.DEVNULL)
    names = "select datname from pg_database"
    until(lambda: ("superset_restoring",) in rows(other.stack.postgres.url(), names))
    process.kill()
    process.wait()
    done = other.lgs("up")
    assert (done.returncode, "Data: nothing to do" in done.stdout) == (0, True), done.stdout + done.stderr
    assert (hashes(other), rows(other.stack.url("metadata"), TITLES)) == (before, titles)


def test_databases_are_put_in_place_together_or_not_at_all(server_url: str) -> None:
    names = [f"test_{secrets.token_hex(4)}" for _ in range(2)]
    made = [names[0], f"{names[0]}_restoring", names[1]]
    execute(server_url, *(f"create database {name}" for name in made))
    urls = [server_url.rpartition("/")[0] + f"/{name}" for name in names]
    with pytest.raises(psycopg2.errors.InvalidCatalogName):
        put_in_place(urls)
    assert rows(server_url, f"select datname from pg_database where datname ~ '{'|'.join(names)}' order by 1") == [
        (name,) for name in sorted(made)
    ]
    with closing(psycopg2.connect(urls[0])):  # who is still inside is shown out
        put_in_place(urls[:1])
    execute(server_url, *(f"drop database {name}" for name in (*names, f"{names[0]}_before")))


def test_a_site_of_the_version_before_is_taken_over(other: Shop, tmp_path: Path) -> None:
    """The backup is that version's, with a chart and a dashboard of marketing's; ids make the URLs."""
    before = REPOSITORY / "tests" / "data" / "before"
    file = tmp_path / "backup.tar"
    file.write_bytes(lzma.decompress((before / "backup.tar.xz").read_bytes()))
    restored = other.lgs("restore", str(file))
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert "manually" not in restored.stdout
    known = yaml.safe_load((before / "assets.yml").read_text())
    for kind, query in ASSETS.items():
        found = {uuid: number for uuid, number, _ in rows(other.stack.url("metadata"), query)}
        assert {uuid: found.get(uuid) for uuid in known[kind]} == {uuid: one[0] for uuid, one in known[kind].items()}
    receipts = rows(other.stack.url("warehouse"), "select receipt_id, source from warehouse.receipt order by 1")
    assert (receipts[0][0], str(receipts[0][1]).endswith("small.sql")) == (1, True)
    session = signed_in(other, "marketing")
    (chart,) = [number for number, title in known["charts"].values() if title == "Sales for the mailing"]
    answer = session.get(f"{other.stack.superset_url}/api/v1/chart/{chart}/data/", timeout=60)
    assert answer.json()["result"][0]["rowcount"] > 0, answer.text
    assert "nothing to do" in other.lgs("publish").stdout


def test_a_backup_of_a_stack_that_is_down_says_how_to_start_it(other: Shop, tmp_path: Path) -> None:
    other.lgs("down")
    done = other.lgs("backup", str(tmp_path / "backup.tar"))
    assert (done.returncode, "lgs up" in done.stderr) == (3, True), done.stderr
