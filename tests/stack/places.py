"""Folders, ports and settings for real servers in tests."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from rich.console import Console

from bootstrap import stack as stacks
from bootstrap.progress import Progress
from bootstrap.settings import Settings
from tests.conftest import free_port


@contextmanager
def listening() -> Iterator[int]:
    """A port that something else has taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield int(taken.getsockname()[1])


def quiet() -> Progress:
    return Progress(Console(file=StringIO()))


def settings_for(home: Path, **more: object) -> Settings:
    given = {"home": home, "postgres_port": free_port(), "superset_port": free_port(), "superset_workers": 1} | more
    return Settings(**given)  # type: ignore[arg-type]


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder with a blank in its name that every user can pass through."""
    with tempfile.TemporaryDirectory(prefix="lgs test ") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def home_folder() -> Iterator[Path]:
    """A state folder; what runs on it is stopped, and removed with its data."""
    with open_folder() as parent:
        home = parent / "state of the shop"
        yield home
        if home.is_dir():
            stacks.remove(settings_for(home))
