"""A folder is watched: each file that comes is added once, whatever is killed, and the last word counts."""

import errno
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg2
import pytest

from bootstrap.assets import load_specs
from bootstrap.connection import LOCK_KEY
from bootstrap.credentials import ensure_credentials
from bootstrap.errors import CheckFailed, Locked, SourceError, Unreachable
from bootstrap.project import current
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.spec import Layer
from bootstrap.stack.postgres import EmbeddedPostgres
from bootstrap.watch import is_of_file
from tests.conftest import PASSWORDS, REPOSITORY, Database, free_port, fresh_database
from tests.content import content_hashes
from tests.processes import until
from tests.refresh.shop import SMALL, run
from tests.warehouse.shop import ask

HISTORY = ("mart.refresh_history", "mart.freshness")
HEAD = "invoice_no,stock_code,description,quantity,invoice_date,unit_price,customer_id,country\n"
Uses = Mapping[str, Sequence[str]]
LGS, KILLED = ("bootstrap",), "tests.watch.killed"


def line(number: int, *, quantity: int = 1) -> str:
    day = f"2011-{3 + number // 25:02}-{1 + number % 25:02}"
    return f"6000{number:02},{1001 + number % 5},TEA CUP,{quantity},{day} 09:00:00,2.55,{101 + number % 7},France\n"


@dataclass
class Watched:
    """A folder, and the warehouse that its files are added to."""

    database: Database
    folder: Path
    home: Path
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    started: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def put(self, name: str, *lines: str) -> Path:
        path = self.folder / name
        path.write_text(HEAD + "".join(lines))
        return path

    def start(self, *options: str, module: tuple[str, ...] = LGS) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", *module, "watch", str(self.folder), "--no-publish", *options]
        given = {"LGS_HOME": str(self.home), "LGS_WAREHOUSE_URL": self.database.admin_url, "LGS_MAX_REJECTS": "0.1"}
        with self.log.open("ab") as output:
            environment = os.environ | given | self.environment
            process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=output, stderr=output)
        self.started.append(process)
        return process

    @contextmanager
    def running(self, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
        """It runs, and ends well when it is told to."""
        process = self.start(*options)
        until(lambda: process.poll() is None and "Ctrl-C ends it" in self.said(), log=self.log)
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, self.said()[-4000:]

    def waiting(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if path.is_file() and path.name[0] != ".")

    def moved(self, kind: str) -> list[str]:
        return sorted(path.name for path in (self.folder / kind).iterdir())

    def loads(self) -> list[str]:
        """The names of the files that receipts tell of, in their order."""
        receipts = ask(
            self.database, "select source from warehouse.receipt where source like '%.csv' order by receipt_id"
        )
        return [Path(source).name for (source,) in receipts]

    def units(self, number: int) -> list[tuple[int]]:
        """How many units the line of this number has in the warehouse."""
        return ask(self.database, f"select quantity from warehouse.line where invoice_no = '6000{number:02}'")


@pytest.fixture(scope="module")
def layer() -> Layer:
    return load_layer(current().views)


@pytest.fixture(scope="module")
def used_in(layer: Layer) -> Uses:
    """The charts of each metric, as the command knows them."""
    return load_specs(current().superset, layer).metric_uses()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with passwords."""
    home = tmp_path_factory.mktemp("home")
    ensure_credentials(home)
    return home


@pytest.fixture(scope="module")
def server_url(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own, whose roles have the passwords of the state folder, as the command wants them."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("server") / "postgres", free_port(), secrets.token_urlsafe(16))
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        for role, password in ensure_credentials(home).roles.items():
            patch.setitem(PASSWORDS, role, password)
        yield server.url()
    server.remove()


@pytest.fixture
def watched(database: Database, layer: Layer, used_in: Uses, home: Path, tmp_path: Path) -> Iterator[Watched]:
    """A warehouse with the small shop, and an empty folder."""
    run(database, layer, SMALL, used_in=used_in)
    (tmp_path / "inbox").mkdir()
    made = Watched(database, tmp_path / "inbox", home, tmp_path / "watch.log")
    yield made
    for process in made.started:
        process.kill()
        process.wait()


def content(database: Database, layer: Layer) -> dict[str, str]:
    """What readers see, and what each day holds."""
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        found = {name: of for name, of in content_hashes(cursor, layer).items() if name not in HISTORY}
    return found | {"days": str(ask(database, "select day, lines, amount, content_hash from warehouse.day order by 1"))}


def test_fifty_files_and_two_kills_give_what_one_file_of_everything_gives(
    watched: Watched, layer: Layer, used_in: Uses, server_url: str, tmp_path: Path
) -> None:
    lines = {number: [line(number)] for number in range(1, 51)}
    lines[8] = [line(7, quantity=9)]
    lines[9] = lines[7]
    lines[40] = [line(40), line(3, quantity=5)]
    names = {number: f"{number:02}.csv" for number in lines}
    for number in range(1, 31):
        watched.put(names[number], *lines[number])
    (watched.folder / names[20]).write_text("no table\n")

    assert watched.start(module=(KILLED, "load the warehouse", "5")).wait(60) == -signal.SIGKILL, watched.said()
    assert (watched.moved("done"), watched.waiting()[0]) == ([names[n] for n in range(1, 5)], names[5])
    assert watched.start(module=(KILLED, "told", "10")).wait(60) == -signal.SIGKILL, watched.said()
    assert (watched.loads()[-1], watched.waiting()[0]) == (names[14], names[14])

    with watched.running():
        for number in range(31, 51):
            path = watched.put(f"{names[number]}.part", *lines[number])
            path.rename(watched.folder / names[number])
        until(lambda: not watched.waiting(), log=watched.log)

    assert watched.loads() == [name for number, name in names.items() if number != 20]
    assert (watched.moved("failed"), len(watched.moved("done"))) == (["20.csv", "20.csv.txt"], 49)
    assert watched.units(7) == [(1,)]
    last = {number: text for file in lines.values() for text in file for number in [text.split(",")[0]]}
    del last["600020"]
    everything = tmp_path / "everything.sql"
    added = "".join(text.replace(",", "\t") for text in last.values())
    everything.write_text(SMALL.read_text().replace("\n\\.\n", f"\n{added}\\.\n"))
    with fresh_database(server_url) as whole:
        assert run(whole, layer, everything, used_in=used_in).receipt.lines_kept == 18 + 47
        assert content(watched.database, layer) == content(whole, layer)


def test_what_another_run_corrected_meanwhile_is_not_undone_by_the_file_of_a_killed_one(
    watched: Watched, layer: Layer, used_in: Uses, tmp_path: Path
) -> None:
    watched.put("1.csv", line(1))
    assert watched.start(module=(KILLED, "told", "1")).wait(60) == -signal.SIGKILL, watched.said()
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(HEAD + line(1, quantity=9))
    run(watched.database, layer, corrected, append=True, used_in=used_in)
    with watched.running():
        until(lambda: not watched.waiting(), log=watched.log)
    assert (watched.loads(), watched.units(1)) == (["1.csv", "corrected.csv"], [(9,)])


def test_a_file_waits_under_a_temporary_name_and_comes_in_whatever_way_it_gets_its_own(watched: Watched) -> None:
    watched.put("1.csv.part", line(1))
    watched.put(".2.csv", line(2))
    with watched.running():
        until(lambda: "Passed over until renamed: .2.csv, 1.csv.part\n" in watched.said(), log=watched.log)
        watched.put("3.csv", line(3))
        until(lambda: watched.moved("done"), log=watched.log)
        assert (watched.waiting(), watched.loads()) == (["1.csv.part"], ["3.csv"])
        os.link(watched.folder / "1.csv.part", watched.folder / "1.csv")  # as a server of SFTP renames
        (watched.folder / "1.csv.part").unlink()
        (watched.folder / ".2.csv").rename(watched.folder / "2.csv")
        until(lambda: len(watched.moved("done")) == 3, log=watched.log)


def test_a_file_that_is_written_to_for_long_is_loaded_when_it_is_closed(watched: Watched) -> None:
    with watched.running(), (watched.folder / "1.csv").open("w") as stream:
        stream.write(HEAD)
        stream.flush()
        watched.put("2.csv", line(2))
        until(lambda: watched.moved("done"), log=watched.log)
        assert watched.loads() == ["2.csv"]
        stream.write(line(1))
        stream.close()
        until(lambda: len(watched.moved("done")) == 2, log=watched.log)
    assert watched.units(1) == [(1,)]


def test_what_is_moved_never_takes_the_place_of_another(watched: Watched) -> None:
    with watched.running():
        for kind, text in (("done", HEAD + line(1)), ("failed", "no table\n")):
            for count in (1, 2):
                (watched.folder / "1.csv").write_text(text)
                until(lambda: not watched.waiting(), log=watched.log)
                assert len([name for name in watched.moved(kind) if name.endswith(".csv")]) == count
    stamped = r"1-\d{4}-\d\d-\d\dT\d{6}-\d{6}\.csv"
    first, second = watched.moved("done")
    assert (first == "1.csv") != (second == "1.csv")
    assert all(name == "1.csv" or re.fullmatch(stamped, name) for name in (first, second))
    for reason in (watched.folder / "failed").glob("*.txt"):
        assert "1.csv: is no list of transactions" in reason.read_text()
    assert watched.loads() == ["1.csv"]  # the second time it was the last word


def test_of_a_file_a_corrected_one_and_the_first_again_under_one_name_the_last_counts(watched: Watched) -> None:
    with watched.running():
        for quantity in (1, 9, 1):
            watched.put("1.csv", line(1, quantity=quantity))
            until(lambda: not watched.waiting(), log=watched.log)
            assert watched.units(1) == [(quantity,)]
    assert len(watched.loads()) == 3


def test_who_works_on_the_warehouse_is_waited_for(watched: Watched) -> None:
    with watched.running():
        with closing(watched.database.connect()) as other, other.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(%s)", [LOCK_KEY])
            watched.put("1.csv", line(1))
            until(lambda: "tried again in" in watched.said(), log=watched.log)
            assert (watched.waiting(), watched.moved("failed")) == (["1.csv"], [])
        until(lambda: not watched.waiting(), log=watched.log)
    assert watched.moved("done") == ["1.csv"]
    assert "Another refresh or publish is running" in watched.said()


def test_it_ends_while_a_server_is_away_and_loses_nothing(watched: Watched) -> None:
    watched.environment["LGS_WAREHOUSE_URL"] = "postgresql://x:y@127.0.0.1:1/lgs"
    watched.put("1.csv", line(1))
    with watched.running():
        until(lambda: "127.0.0.1:1" in watched.said(), log=watched.log)
    assert watched.waiting() == ["1.csv"]
    assert "0 loaded, 0 failed, 1 waiting" in watched.said()


def test_it_ends_after_the_present_file(watched: Watched) -> None:
    for number in range(1, 9):
        watched.put(f"{number}.csv", line(number))
    process = watched.start()
    until(lambda: "read the source" in watched.said(), log=watched.log)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0, watched.said()
    done = len(watched.moved("done"))
    assert 1 <= done < 8
    assert (len(watched.loads()), len(watched.waiting())) == (done, 8 - done)
    assert f"The watch has ended, as it was told to: {done} loaded, 0 failed, {8 - done} waiting." in watched.said()


def test_a_folder_that_is_looked_at_in_intervals(watched: Watched) -> None:
    watched.put("1.csv", line(1))
    with watched.running("--poll", "0.3"):
        until(lambda: watched.moved("done") == ["1.csv"], log=watched.log)
        with (watched.folder / "2.csv").open("w") as stream:
            stream.write(HEAD)
            for number in range(2, 12):
                stream.write(line(number))
                stream.flush()
                time.sleep(0.1)  # it grows at each look
        until(lambda: len(watched.moved("done")) == 2, log=watched.log)
    assert watched.loads() == ["1.csv", "2.csv"]


def test_waiting_costs_no_time_of_the_processor_and_one_folder_has_one_watch(watched: Watched) -> None:
    with watched.running() as process:
        watched.put("1.csv", line(1))
        until(lambda: watched.moved("done"), log=watched.log)
        second = watched.start()
        assert second.wait(60) == 75
        assert f"Another lgs watch runs on {watched.folder}." in watched.said()
        before = psutil.Process(process.pid).cpu_times()
        time.sleep(1)
        after = psutil.Process(process.pid).cpu_times()
        assert (after.user + after.system) - (before.user + before.system) <= 0.01


@pytest.mark.parametrize("options", [(), ("--poll", "0.1")], ids=["told", "polled"])
def test_a_folder_that_goes_away_ends_it(watched: Watched, options: tuple[str, ...]) -> None:
    process = watched.start(*options)
    until(lambda: "Ctrl-C ends it" in watched.said(), log=watched.log)
    shutil.rmtree(watched.folder)
    assert (process.wait(60), f"The folder {watched.folder} is gone" in watched.said()) == (2, True), watched.said()
    assert watched.start().wait(60) == 2
    assert f"There is no folder {watched.folder}. Make it, or name another." in watched.said()


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "is_its_own"),
    [
        (SourceError("there are no lines in it"), True),
        (CheckFailed("a contract"), True),
        (psycopg2.DataError("out of range"), True),
        (caused(SourceError("cannot be read"), PermissionError(errno.EACCES, "denied")), True),
        (caused(SourceError("cannot be read"), OSError(errno.ENOSPC, "full")), False),
        (caused(CheckFailed("PostgreSQL cannot go on"), psycopg2.errors.DiskFull()), False),
        (psycopg2.errors.ReadOnlySqlTransaction(), False),
        (Locked("another"), False),
        (Unreachable("It", host="h", port=1, setting="S"), False),
        (OSError(errno.ENOSPC, "full"), False),
    ],
)
def test_only_what_is_a_files_own_fault_moves_it_to_failed(error: Exception, is_its_own: bool) -> None:
    assert is_of_file(error) == is_its_own
