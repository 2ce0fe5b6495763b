"""Real servers for the tests of the stack: each in a folder of its own, gone afterwards."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bootstrap import stack as stacks
from bootstrap.stack.postgres import EmbeddedPostgres
from tests.conftest import free_port
from tests.stack.places import home_folder, open_folder, quiet, settings_for

MakeServer = Callable[..., EmbeddedPostgres]


@pytest.fixture(scope="session", autouse=True)
def own_settings() -> Iterator[None]:
    """No setting of the caller's reaches these stacks."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("LGS_") and not name.startswith("LGS_TEST_")]:
            patch.delenv(name)
        yield


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as path:
        yield path


@pytest.fixture
def make_server(folder: Path) -> Iterator[MakeServer]:
    """Makes servers, not started yet; all are removed afterwards."""
    made: list[EmbeddedPostgres] = []

    def make(place: Path | None = None, *, password: str = "", port: int = 0) -> EmbeddedPostgres:
        given = password or secrets.token_urlsafe(12)
        made.append(EmbeddedPostgres(place or folder / "postgres", port or free_port(), given))
        return made[-1]

    yield make
    for server in made:
        server.remove()


@pytest.fixture
def server(make_server: MakeServer) -> EmbeddedPostgres:
    """A server that runs."""
    made = make_server()
    made.start()
    return made


@pytest.fixture
def home() -> Iterator[Path]:
    with home_folder() as path:
        yield path


@pytest.fixture(scope="session")
def stack() -> Iterator[stacks.Stack]:
    """One whole stack for the session: PostgreSQL and Superset."""
    with home_folder() as home:
        yield stacks.start(settings_for(home), progress=quiet())
