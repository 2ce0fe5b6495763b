"""Who stops a refresh, or has it fail, learns what was done by then; the history and the status tell of it too."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from bootstrap.errors import SourceError
from bootstrap.refresh.attempt import note_failure, read_attempts
from tests.conftest import REPOSITORY, Database, Shop, free_port
from tests.processes import until
from tests.refresh.shop import SMALL, later

OLD = "The data is committed, but the dashboards are old. Run: lgs publish."
NOBODY = "http://127.0.0.1:1"
WAITING = "select count(*) from pg_stat_activity where application_name = 'lgs' and wait_event_type = 'Lock'"


@pytest.fixture(scope="module")
def siteless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with its data, whose Superset does not run."""
    home = tmp_path_factory.mktemp("siteless") / "state"
    environment = {
        "LGS_HOME": str(home),
        "LGS_POSTGRES_PORT": str(free_port()),
        "LGS_SUPERSET_PORT": str(free_port()),
        "LGS_SUPERSET_URL": NOBODY,
        "LGS_SUPERSET_PASSWORD": "nobody's",
        "LGS_USER": "night",
    }
    shop = Shop(home, environment, SMALL)
    done = shop.lgs("up", "--source", str(SMALL))
    assert (done.returncode, done.stderr.strip().endswith(OLD)) == (3, True), done.stdout + done.stderr
    yield shop
    shop.lgs("down")


def started(shop: Shop, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "bootstrap", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **shop.environment, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: "subprocess.Popen[str]", number: signal.Signals) -> str:
    """What a command says that the signal ends at once."""
    began = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, time.monotonic() - began < 3) == (128 + number, True), said
    return said


def counted(shop: Shop, query: str) -> int:
    with psycopg2.connect(shop.stack.url("admin")) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return int((cursor.fetchone() or [0])[0])


def test_a_publish_that_fails_after_the_commit_is_told_by_the_status_too(siteless: Shop) -> None:
    done = siteless.lgs("publish")
    assert (done.returncode, OLD in done.stderr, "Traceback" in done.stderr) == (3, True, False), done.stderr
    assert json.loads(siteless.lgs("status", "--json").stdout)["data"]["published"] is False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_statement_of_the_load_and_nothing_was_changed(
    siteless: Shop, tmp_path: Path, number: signal.Signals
) -> None:
    with psycopg2.connect(siteless.stack.url("admin")) as other, other.cursor() as cursor:
        cursor.execute("lock table warehouse.line in exclusive mode")
        process = started(siteless, "refresh", "--source", str(later(tmp_path)))
        until(lambda: counted(siteless, WAITING) == 1)
        assert ended(process, number) == "Interrupted. Nothing was changed.\n"
    assert counted(siteless, "select count(*) from warehouse.line") == 18
    told = siteless.lgs("history").stdout
    assert ("later.sql: failed at load the warehouse" in told, "by night@" in told) == (True, True), told
    status = json.loads(siteless.lgs("status", "--json").stdout)
    assert status["last_failure"]["error"] == "Interrupted."


def test_ctrl_c_between_commit_and_publish_says_that_the_dashboards_are_old(siteless: Shop, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        site = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = started(siteless, "refresh", "--source", str(later(tmp_path)), LGS_SUPERSET_URL=site)
        talking, _ = silent.accept()
        with talking:
            assert ended(process, signal.SIGINT) == f"Interrupted. {OLD}\n"
    assert counted(siteless, "select count(*) from warehouse.line") == 19
    back = siteless.lgs("rollback")
    assert (back.returncode, OLD in back.stderr) == (3, True), back.stderr


def test_a_refresh_that_fails_is_told_until_one_succeeds(siteless: Shop, tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("no table\n")
    assert siteless.lgs("refresh", "--source", str(broken)).returncode == 2
    failed = json.loads(siteless.lgs("status", "--json").stdout)["last_failure"]
    assert (failed["run_by"].partition("@")[0], failed["source"]) == ("night", str(broken))
    assert "! The last refresh failed" in siteless.lgs("status").stdout
    siteless.lgs("refresh", "--source", str(later(tmp_path)))
    siteless.lgs("rollback")
    assert json.loads(siteless.lgs("status", "--json").stdout)["last_failure"] is None


def test_no_password_is_noted(database: Database) -> None:
    error = SourceError("postgresql://shop:secret@db/retail does not answer")
    note_failure(database.owner_url, error, source="mysql+pymysql://shop:p%40ss@db/retail", step="read", seconds=1)
    with database.connect() as connection, connection.cursor() as cursor:
        (attempt,) = read_attempts(cursor)
    assert (attempt.source, attempt.error) == (
        "mysql+pymysql://shop:***@db/retail",
        "postgresql://shop:***@db/retail does not answer",
    )


def test_the_status_says_what_is_wrong_with_the_passwords_and_with_the_server(siteless: Shop) -> None:
    path = siteless.home / "credentials.env"
    path.chmod(0o644)
    shown = siteless.lgs("status")
    assert (shown.returncode, "Others can read credentials.env. Run: lgs up" in shown.stdout) == (1, True), shown.stdout
    path.unlink()
    shown = siteless.lgs("status")
    assert (shown.returncode, "Down: The file credentials.env is gone. Run: lgs up" in shown.stdout) == (3, True)
    siteless.lgs("up")
    assert path.stat().st_mode & 0o077 == 0
    assert counted(siteless, "select count(*) from warehouse.line") == 18

    (server,) = [service for service in siteless.stack_status.services if service.name == "PostgreSQL"]
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: not siteless.stack_status.warehouse_answers)
    shown = siteless.lgs("status")
    assert (shown.returncode, "Down: PostgreSQL and Superset do not answer" in shown.stdout) == (3, True), shown.stdout
    siteless.lgs("up")
    assert counted(siteless, "select count(*) from warehouse.line") == 18
