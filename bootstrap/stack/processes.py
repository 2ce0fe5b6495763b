"""Processes that outlive the command: start them, find them again, wait for them, end them.

A process is known by its command line, not by a number in a file: after a reboot or a crash that number may belong to
something else.
"""

import errno
import operator
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import psutil
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from bootstrap.errors import CheckFailed, UsageError

HOST = "127.0.0.1"
_LOG_LIMIT = 10 * 2**20


def find(is_wanted: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    """Living processes of that kind, oldest first."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it ended meanwhile, or is somebody else's
            if is_wanted(process) and alive(process):
                found.append(process)
    return sorted(found, key=lambda process: (process.create_time(), process.pid))


def alive(process: psutil.Process) -> bool:
    """Whether it still runs. A zombie does not; neither does one whose pid was given to another."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@contextmanager
def output(log: Path) -> Iterator[BinaryIO]:
    """The log, to append to; one that has grown large is first set aside."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_name(f"{log.name}.1"))
    with log.open("ab") as stream:
        yield stream


def detach(command: Sequence[str], *, log: Path, cwd: Path, env: Mapping[str, str]) -> None:
    """Start a command in a session of its own, as no child of ours: the shell that starts it ends at once.

    Arguments travel by position, so that no path needs quoting.
    """
    shell = ["/bin/sh", "-c", '"$@" &', "sh", *command]
    with output(log) as stream:
        subprocess.run(
            shell, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, cwd=cwd, env=env, start_new_session=True
        )


def await_answer(
    answers: Callable[[], bool], process: psutil.Process | None, *, name: str, log: Path, seconds: float
) -> None:
    """Wait until the server answers. Raises ``CheckFailed`` with the end of its log once it has ended, or is late."""
    late = stop_after_delay(seconds)
    try:
        Retrying(
            retry=retry_if_result(operator.not_),
            wait=wait_fixed(0.1),
            stop=lambda state: late(state) or process is None or not alive(process),
        )(answers)
    except RetryError as error:
        raise CheckFailed(f"{name} did not start. {advice(log)}") from error


def end(processes: Iterable[psutil.Process], *, by: signal.Signals = signal.SIGTERM, seconds: float = 10) -> None:
    """Ask each to end with the signal ``by``, wait, and kill what is left."""
    left = list(processes)
    for sign, patience in ((by, seconds), (signal.SIGKILL, 5)):
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(sign)
        deadline = time.monotonic() + patience
        while (left := [process for process in left if alive(process)]) and time.monotonic() < deadline:
            time.sleep(0.02)


def require_free(port: int, *, setting: str) -> None:
    """Raise ``UsageError`` when something else listens on the port, or it may not be used."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            is_taken = error.errno == errno.EADDRINUSE
            why = f"is taken by {_holder(port)}" if is_taken else f"cannot be used ({error.strerror})"
            raise UsageError(f"Port {port} of {HOST} {why}. Free it, or choose another with {setting}.") from error


def _holder(port: int) -> str:
    """Who listens there, as far as this user may know."""
    with suppress(psutil.Error):
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "another program"


def advice(log: Path, *, lines: int = 12) -> str:
    """What to do about a server that did not start, with the last lines of its log."""
    if not log.is_file():
        return f"It wrote no log: {log} does not exist. Run the command again."
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 8192))
        end = "\n".join(stream.read().decode(errors="replace").splitlines()[-lines:])
    return f"Fix what its log reports and run the command again. {log} ends with:\n{end}"
