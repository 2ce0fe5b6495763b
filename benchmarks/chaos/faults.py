"""The faults: each is done to a refresh that waits at a step, and undone before the next run."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from bootstrap.stack import Stack


@dataclass
class Scene:
    """A warehouse on the small disk ``disk``, a refresh of ``source`` that waits, and a copy of what the file was."""

    disk: Path
    stack: Stack
    source: Path
    process: "subprocess.Popen[str]"
    heard: list[str] = field(default_factory=list)

    @property
    def owner(self) -> str:
        return self.stack.url("warehouse")

    def backend(self) -> int:
        """The server's process that works for the refresh."""
        with closing(psycopg2.connect(self.stack.url("admin"))) as connection, connection.cursor() as cursor:
            cursor.execute("select pid from pg_locks where locktype = 'advisory' and granted")
            return int((cursor.fetchone() or (0,))[0])


@dataclass(frozen=True)
class Fault:
    """``kills``: a server goes down, so readers may see errors. ``steps`` are those where it makes sense, all if none.

    ``before`` is the program that the command is run under.
    """

    name: str
    inject: Callable[[Scene], None]
    kills: bool = False
    steps: Sequence[str] = ()
    before: Sequence[str] = ()


def _kill_command(scene: Scene) -> None:
    scene.process.kill()
    scene.process.wait()


def _interrupt(scene: Scene) -> None:
    scene.process.send_signal(signal.SIGINT)


def _kill_backend(scene: Scene) -> None:
    os.kill(scene.backend(), signal.SIGKILL)


def _kill_postmaster(scene: Scene) -> None:
    process = scene.stack.postgres.process()
    if process is None:
        raise AssertionError("the server runs")
    process.kill()
    process.wait()


def _lose_connection(scene: Scene) -> None:
    with closing(psycopg2.connect(scene.stack.url("admin"))) as connection, connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(%s)", [scene.backend()])


def _fill_disk(scene: Scene) -> None:
    with (scene.disk / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(2**20))
        except OSError:
            pass


def _change_file(scene: Scene) -> None:
    """Somebody writes to the file for as long as the command runs."""

    def write() -> None:
        with scene.source.open("a", buffering=1) as stream:
            while scene.process.poll() is None:
                stream.write("999999,85123A,LATE LINE,1,2011-12-09 12:00:00,1.00,17850,France\n")
                time.sleep(0.00005)  # a small file is read in half a millisecond

    threading.Thread(target=write).start()


def _run_another(scene: Scene) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.chaos.stumbling", scene.owner, "", str(scene.source)],
        capture_output=True,
        text=True,
    )
    scene.heard.append(f"the other: {done.returncode}")


def _nothing(_: Scene) -> None:
    """The fault was there from the start."""


FAULTS = (
    Fault("kill -9 of the command", _kill_command),
    Fault("Ctrl-C", _interrupt),
    Fault("kill -9 of a backend", _kill_backend, kills=True),
    Fault("kill -9 of the postmaster", _kill_postmaster, kills=True),
    Fault("connection lost", _lose_connection),
    Fault("disk full", _fill_disk, kills=True),
    Fault("file changes", _change_file, steps=["read the source"]),
    Fault("two at once", _run_another),
    Fault("clock a year back", _nothing, before=["faketime", "-f", "-365d"]),
)


def possible(faults: Sequence[Fault]) -> Iterator[Fault]:
    """Those that this machine can have."""
    yield from (fault for fault in faults if not fault.before or shutil.which(fault.before[0]))
