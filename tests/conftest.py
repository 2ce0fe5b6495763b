"""What every test may use: a real PostgreSQL, fresh databases on it, and the real data where it is present."""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

from bootstrap.connection import administering, connected
from bootstrap.roles import ensure_roles
from bootstrap.settings import load_settings
from bootstrap.stack import Stack, Status, connect, remove, status
from bootstrap.stack.postgres import EmbeddedPostgres
from warehouse.migrate import upgrade

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"
SMALL_DUMP = Path(__file__).parent / "data" / "small.sql"
PASSWORDS = {"lgs_owner": "dev", "lgs_reader": "dev", "lgs_analyst": "dev"}


MARKED = {"stack": {"make_shop"}, "realdata": {"real_dump", "real_csv"}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a test asks for says what it needs, so that the quick ones can be chosen.

    Files with a running site come first: one that takes minutes would leave the other worker idle at the end.
    """
    for item in items:
        for mark, fixtures in MARKED.items():
            if fixtures.intersection(getattr(item, "fixturenames", ())):
                item.add_marker(mark)
    long = {item.path for item in items if item.get_closest_marker("stack") or item.path.parent.name == "stack"}
    items.sort(key=lambda item: item.path not in long)


@dataclass(frozen=True)
class Database:
    """A fresh database with the product's roles; each URL ends in its name."""

    admin_url: str

    @property
    def name(self) -> str:
        return urlsplit(self.admin_url).path.removeprefix("/")

    def url(self, role: str) -> str:
        parts = urlsplit(self.admin_url)
        netloc = f"{role}:{PASSWORDS[role]}@{parts.hostname}:{parts.port}"
        return urlunsplit(parts._replace(netloc=netloc))

    @property
    def owner_url(self) -> str:
        return self.url("lgs_owner")

    @property
    def reader_url(self) -> str:
        return self.url("lgs_reader")

    @property
    def analyst_url(self) -> str:
        return self.url("lgs_analyst")

    def connect(self, role: str = "owner") -> Connection:
        return psycopg2.connect(self.admin_url if role == "admin" else self.url(f"lgs_{role}"))


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Superuser URL of a running PostgreSQL: LGS_TEST_POSTGRES_URL, or an embedded server of this session's own."""
    given = os.environ.get("LGS_TEST_POSTGRES_URL")
    if given:
        yield given
        if _template.cache_info().currsize:
            _drop_database(given, _template(given))
        return
    server = EmbeddedPostgres(tmp_path_factory.mktemp("server") / "postgres", free_port(), secrets.token_urlsafe(16))
    server.start()
    yield server.url()
    server.remove()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def execute(url: str, *statements: str) -> None:
    """Run each outside of a transaction."""
    with administering(url) as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def fresh_database(server_url: str, *, prepared: bool = True) -> Iterator[Database]:
    """A database of its own, dropped afterwards; ``prepared`` applies roles and migrations."""
    database = _make_database(server_url, template=_template(server_url) if prepared else "template1")
    if prepared:
        ensure_roles(database.admin_url, PASSWORDS)  # a copy has no rights and settings of its own
    yield database
    _drop_database(server_url, database.name)


@cache
def _template(server_url: str) -> str:
    """The name of a database with the migrations applied. Copying it takes a fifth of their time."""
    made = _make_database(server_url, template="template1")
    ensure_roles(made.admin_url, PASSWORDS)
    with connected(made.owner_url) as connection, connection:
        upgrade(connection)
    return made.name


def _make_database(server_url: str, *, template: str) -> Database:
    name = f"test_{secrets.token_hex(6)}"
    execute(server_url, f"create database {name} template {template}")
    return Database(urlunsplit(urlsplit(server_url)._replace(path=f"/{name}")))


def _drop_database(server_url: str, name: str) -> None:
    execute(server_url, f"drop database {name} with (force)")


@pytest.fixture
def empty_database(server_url: str) -> Iterator[Database]:
    """A database with nothing in it."""
    with fresh_database(server_url, prepared=False) as database:
        yield database


@pytest.fixture
def database(server_url: str) -> Iterator[Database]:
    """A database with roles and migrations applied."""
    with fresh_database(server_url) as database:
        yield database


def _shared(name: str) -> Path:
    path = SHARED_DATA / name
    if not path.is_file():
        pytest.skip(f"the real data set is not at {path}")
    return path


@pytest.fixture(scope="session")
def real_dump() -> Path:
    return _shared("retail.sql.gz")


@pytest.fixture(scope="session")
def real_csv() -> Path:
    return _shared("online_retail_II.csv.gz")


@dataclass(frozen=True)
class Shop:
    """A whole running edition, made by ``lgs up`` as a user makes it."""

    home: Path
    environment: dict[str, str]
    source: Path

    @property
    def stack(self) -> Stack:
        ports = {name: int(self.environment[f"LGS_{name.upper()}"]) for name in ("superset_port", "postgres_port")}
        return connect(load_settings(home=self.home, **ports))

    @property
    def stack_status(self) -> Status:
        return status(self.stack.settings)

    def lgs(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run the command; standard output and error as text."""
        command = [sys.executable, "-m", "bootstrap", *arguments]
        surroundings = {**os.environ, **self.environment, **environment}
        return subprocess.run(command, cwd=REPOSITORY, env=surroundings, capture_output=True, text=True)


MakeShop = Callable[[], Shop]


@pytest.fixture(scope="session")
def make_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeShop]:
    """Makes editions that were never up; all are stopped afterwards."""
    made: list[Shop] = []
    real = SHARED_DATA / "retail.sql.gz"

    def make() -> Shop:
        home = tmp_path_factory.mktemp("shop") / "state of the shop"
        ports = {"LGS_SUPERSET_PORT": str(free_port()), "LGS_POSTGRES_PORT": str(free_port())}
        environment = {**ports, "LGS_HOME": str(home), "LGS_SUPERSET_WORKERS": "1"}
        made.append(Shop(home, environment, real if real.is_file() else SMALL_DUMP))
        return made[-1]

    yield make
    for shop in made:
        remove(load_settings(home=shop.home))


@pytest.fixture(scope="session")
def shop(make_shop: MakeShop) -> Shop:
    """The embedded stack with the real data, or with the small dump where the real data is absent."""
    shop = make_shop()
    done = shop.lgs("up", "--source", str(shop.source))
    assert done.returncode == 0, done.stdout + done.stderr
    return shop
