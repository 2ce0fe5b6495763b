"""PostgreSQL and Superset together: up from any state, alone or beside another, gone when told."""

import os
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest
import requests

from bootstrap import stack as stacks
from bootstrap.errors import CheckFailed, Locked, UsageError
from bootstrap.settings import Settings
from bootstrap.stack import Stack
from bootstrap.stack.address import replaced
from bootstrap.stack.lifecycle import exclusive
from tests.stack.places import listening, quiet, settings_for

pytestmark = pytest.mark.stack


def logs_in(stack: Stack, user: str = "admin") -> bool:
    body = {"username": user, "password": stack.credentials.users[user], "provider": "db"}
    return requests.post(f"{stack.superset_url}/api/v1/security/login", json=body, timeout=60).status_code == 200


def whoami(url: str) -> tuple[str, str]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("select current_user::text, current_database()::text")
        user, database = cursor.fetchone() or ("", "")
        return user, database


def pids(stack: Stack) -> list[int | None]:
    return [service.pid for service in stacks.status(stack.settings).services]


def again(stack: Stack) -> Stack:
    """What the next command does."""
    return stacks.start(stack.settings, progress=quiet())


@pytest.fixture
def running(stack: Stack) -> Stack:
    """The session's stack, brought back where a test before left it hurt."""
    again(stack)
    return stack


def test_each_address_opens_as_its_role(running: Stack) -> None:
    names = ("warehouse", "reader", "analyst", "admin", "metadata")
    assert {name: whoami(running.url(name)) for name in names} == {
        "warehouse": ("lgs_owner", "lgs"),
        "reader": ("lgs_reader", "lgs"),
        "analyst": ("lgs_analyst", "lgs"),
        "admin": ("postgres", "lgs"),
        "metadata": ("lgs_superset", "superset"),
    }
    with pytest.raises(UsageError, match="Choose one of warehouse, reader"):
        running.url("elsewhere")


@pytest.mark.parametrize("database", ["superset", "postgres", "template1"])
def test_bi_roles_open_the_warehouse_alone(running: Stack, database: str) -> None:
    for name in ("reader", "analyst"):
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            psycopg2.connect(replaced(running.url(name), database=database))


def test_superset_is_the_real_one_and_knows_its_administrator(running: Stack) -> None:
    version = requests.get(f"{running.superset_url}/version", timeout=60).json()
    assert version["version_string"] == "6.1.0"
    assert logs_in(running)
    guess = {"username": "admin", "password": "admin", "provider": "db"}
    answer = requests.post(f"{running.superset_url}/api/v1/security/login", json=guess, timeout=60)
    assert answer.status_code == 401


def test_nothing_listens_beyond_this_machine(running: Stack) -> None:
    for pid in pids(running):
        assert pid is not None
        listening = [item for item in psutil.Process(pid).net_connections() if item.status == psutil.CONN_LISTEN]
        assert {item.laddr.ip for item in listening} == {"127.0.0.1"}


def test_a_second_start_changes_nothing(running: Stack) -> None:
    before = pids(running)
    again(running)
    assert pids(running) == before


def test_a_killed_worker_is_replaced(running: Stack) -> None:
    master = running.superset.process()
    assert master is not None
    for worker in master.children():
        worker.kill()
    again(running)
    assert logs_in(running)
    assert running.superset.process() == master


def test_a_killed_superset_comes_back(running: Stack) -> None:
    postgres, superset = pids(running)
    os.kill(superset or 0, 9)
    assert not running.superset.running()
    again(running)
    assert logs_in(running)
    assert pids(running)[0] == postgres
    assert pids(running)[1] != superset


def test_a_killed_postgres_comes_back_and_superset_goes_on(running: Stack) -> None:
    postgres, superset = pids(running)
    os.kill(postgres or 0, 9)
    again(running)
    assert logs_in(running)
    assert pids(running)[0] != postgres
    assert pids(running)[1] == superset


def test_after_a_reboot_pids_that_belong_to_others_are_no_hindrance(running: Stack) -> None:
    everything = [process for pid in pids(running) for process in _family(pid)]
    for process in everything:
        process.kill()
    psutil.wait_procs(everything, timeout=10)
    with subprocess.Popen(["sleep", "120"]) as other:
        for file in ("postgres/data/postmaster.pid", "superset/gunicorn.pid"):
            path = running.settings.state / file
            path.write_text("\n".join([str(other.pid), *path.read_text().splitlines()[1:]]) + "\n")
        again(running)
        assert logs_in(running)
        assert other.poll() is None
        other.kill()


def _family(pid: int | None) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def test_a_password_changed_in_superset_is_asked_for(running: Stack) -> None:
    _execute(running.url("metadata"), "update ab_user set password = 'scrypt:32768:8:1$x$00' where username = 'admin'")
    with pytest.raises(UsageError, match=r"admin.*SUPERSET_ADMIN"):
        again(running)
    hashed = _hash(running.credentials.users["admin"])
    _execute(running.url("metadata"), f"update ab_user set password = '{hashed}' where username = 'admin'")
    again(running)
    assert logs_in(running)


def _hash(password: str) -> str:
    from werkzeug.security import generate_password_hash

    return generate_password_hash(password)


def _execute(url: str, statement: str) -> None:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)


def test_metadata_that_was_lost_is_made_again_whatever_the_folder_says(running: Stack) -> None:
    running.superset.stop()
    with closing(psycopg2.connect(running.url("admin"))) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("drop database superset with (force)")
    again(running)
    assert logs_in(running)


def test_what_runs_where_is_told(running: Stack) -> None:
    status = stacks.status(running.settings)
    assert status.healthy
    assert [(service.name, service.where, service.port) for service in status.services] == [
        ("PostgreSQL", "embedded", running.settings.postgres_port),
        ("Superset", "embedded", running.settings.superset_port),
    ]
    assert all("answers" in line for line in status.lines()[: len(status.services)])


def test_another_stack_runs_beside_it_and_is_stopped_alone(running: Stack, home: Path) -> None:
    password = running.credentials.users["admin"]
    settings = settings_for(home, superset_url=running.superset_url, superset_password=password)
    other = stacks.start(settings, progress=quiet())
    assert other.credentials.roles["lgs_reader"] != running.credentials.roles["lgs_reader"]
    assert whoami(other.url("reader")) == ("lgs_reader", "lgs")
    assert [service.where for service in stacks.status(settings).services] == ["embedded", "external"]
    assert stacks.status(settings).healthy
    assert stacks.stop(settings) == ["PostgreSQL"]
    assert stacks.status(running.settings).healthy


def test_a_first_start_killed_half_way_is_taken_up_beside_another_stack_and_stopped_alone(
    running: Stack, home: Path
) -> None:
    settings = settings_for(home)
    _kill_while_superset_migrates(stacks.start(settings, progress=quiet(), wait=False))
    other = stacks.start(settings, progress=quiet())
    assert logs_in(running)
    assert logs_in(other)
    assert not set(pids(running)) & set(pids(other))
    assert stacks.stop(settings) == ["Superset", "PostgreSQL"]
    assert stacks.stop(settings) == []
    assert pids(other) == [None, None]
    assert [service.healthy for service in stacks.status(settings).services] == [False, False]
    assert logs_in(running)


def _kill_while_superset_migrates(stack: Stack) -> None:
    query = "select count(*) from pg_locks inner join pg_database on database = oid where datname = 'superset'"
    with closing(psycopg2.connect(stack.url("admin"))) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        locks = 0
        while locks < 50:  # a migration holds one on each table that it made
            cursor.execute(query)
            (locks,) = cursor.fetchone() or (0,)
            time.sleep(0.02)
    for pid in pids(stack):
        psutil.Process(pid).kill()


def test_a_taken_port_of_superset_is_named_with_the_setting_to_change(home: Path) -> None:
    with listening() as port, pytest.raises(UsageError, match=rf"{port}.*LGS_SUPERSET_PORT") as caught:
        stacks.start(settings_for(home, superset_port=port), progress=quiet())
    assert caught.value.exit_code == 2


def test_another_superset_on_the_port_is_not_taken_for_this_one(running: Stack, home: Path) -> None:
    settings = settings_for(home, superset_port=running.settings.superset_port)
    with pytest.raises(UsageError, match="is taken by python"):
        stacks.start(settings, progress=quiet())
    assert [service.pid for service in stacks.status(settings).services] == [None, None]


def test_a_changed_port_that_is_taken_leaves_what_runs_alone(running: Stack) -> None:
    before = pids(running)
    with listening() as port:
        for setting in ("postgres_port", "superset_port"):
            with pytest.raises(UsageError, match=f"LGS_{setting.upper()}"):
                stacks.start(running.settings.model_copy(update={setting: port}), progress=quiet())
    assert pids(running) == before
    assert logs_in(running)


def test_a_superset_that_cannot_start_shows_the_end_of_its_log(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LGS_REDIS_URL", "no address of a redis")
    with pytest.raises(CheckFailed, match=r"(?s)Superset did not start.*superset\.log ends with"):
        stacks.start(settings_for(home), progress=quiet())


def test_a_state_folder_that_never_was_is_stopped_and_asked_without_being_made(home: Path) -> None:
    assert stacks.stop(settings_for(home)) == []
    assert not stacks.status(settings_for(home)).healthy
    assert not home.exists()


def test_only_one_command_at_a_time_changes_a_stack(home: Path) -> None:
    home.mkdir()
    with exclusive(home / "stack.lock"):
        for change in (
            lambda: stacks.stop(settings_for(home)),
            lambda: stacks.start(settings_for(home), progress=quiet()),
        ):
            with pytest.raises(Locked, match=f"process {os.getpid()}") as caught:
                change()
            assert caught.value.exit_code == 75
    assert stacks.stop(settings_for(home)) == []


def test_two_starts_at_once_do_not_fight(home: Path, running: Stack) -> None:
    settings = settings_for(
        home, superset_url=running.superset_url, superset_password=running.credentials.users["admin"]
    )
    outcomes: list[str] = []
    threads = [threading.Thread(target=_try_start, args=[settings, outcomes]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["Locked", "Locked", "Stack"]


def _try_start(settings: Settings, outcomes: list[str]) -> None:
    try:
        outcomes.append(type(stacks.start(settings, progress=quiet())).__name__)
    except Locked as error:
        outcomes.append(type(error).__name__)


def test_a_state_folder_that_is_a_file_is_refused(home: Path) -> None:
    home.write_text("")
    with pytest.raises(UsageError, match=r"is a file.*LGS_HOME"):
        stacks.start(settings_for(home), progress=quiet())
    home.unlink()


def test_a_state_folder_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(UsageError, match="LGS_HOME"):
        stacks.start(settings_for(Path("/proc/state")), progress=quiet())


def test_lost_credentials_are_not_replaced_while_their_databases_stand(home: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"credentials.env is gone.*Put back a copy"):
        stacks.start(settings_for(home), progress=quiet())
    assert not (home / "credentials.env").exists()
