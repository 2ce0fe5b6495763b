"""Real programs in the background of a test: started, waited for, and ended as a container's are."""

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from tests.conftest import REPOSITORY, free_port


def program(*names: str, package: str) -> str:
    """The first of these programs that this machine has; skips the test where there is none."""
    for name in names:
        if found := shutil.which(name):
            return found
    pytest.skip(f"there is no {names[0]} on this machine. Get one: apt-get install {package}")


def until(ready: Callable[[], object], *, log: Path | None = None, seconds: float = 60) -> None:
    """Wait for it; the end of the log says why it did not come."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, log.read_text()[-4000:] if log else "it does not come true"
        time.sleep(0.1)


@contextmanager
def running(*command: str, log: Path, environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(60) in (0, -15), log.read_text()[-4000:]


@dataclass
class Redis:
    """A real Redis server, which may go and come back."""

    folder: Path
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def client(self) -> "redis.Redis[bytes]":
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", str(self.folder)]
        options += ["--requirepass", self.password, "--logfile", "redis.log"]
        self.process = subprocess.Popen([program("redis-server", package="redis-server"), *options])
        until(self._answers, seconds=10)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    @contextmanager
    def away(self) -> Iterator[None]:
        self.stop()
        yield
        self.start()

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def redis_in(folder: Path) -> Iterator[Redis]:
    server = Redis(folder)
    server.start()
    yield server
    server.stop()
