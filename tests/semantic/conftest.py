"""A shop small enough to count on paper, loaded and built as in a refresh."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from rich.console import Console

from bootstrap.lines import Loaded as Load
from bootstrap.progress import Progress
from bootstrap.project import current
from bootstrap.semantic.build import Build, build
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.spec import Layer
from tests.conftest import Database, fresh_database
from warehouse.load import load
from warehouse.sources import open_source

DUMP = """create table public.retail (invoice_no text, stock_code text, description text, quantity integer,
    invoice_date timestamp without time zone, unit_price real, customer_id real, country text);
copy public.retail (invoice_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country)
from stdin;
{rows}
\\.
"""
Lines = list[list[str]]


@pytest.fixture(scope="session")
def quiet() -> Progress:
    return Progress(Console(quiet=True))


@pytest.fixture(scope="session")
def layer() -> Layer:
    return load_layer(current().views)


@pytest.fixture(scope="session")
def shop() -> dict[str, Any]:
    return yaml.safe_load(Path(__file__).with_name("shop.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def shop_lines(shop: dict[str, Any]) -> Lines:
    return [[cell.strip() for cell in line.split("|")] for line in shop["lines"].splitlines()]


@pytest.fixture(scope="session")
def load_lines(tmp_path_factory: pytest.TempPathFactory, quiet: Progress) -> Callable[[Connection, Lines], Load]:
    """Loads lines into the warehouse through a dump, in the open transaction."""
    path = tmp_path_factory.mktemp("shop") / "shop.sql"

    def run(connection: Connection, lines: Lines) -> Load:
        rows = "\n".join("\t".join(cell or r"\N" for cell in line) for line in lines)
        path.write_text(DUMP.format(rows=rows), encoding="utf-8")
        with connection.cursor() as cursor:
            return load(cursor, open_source(path), max_rejects=0, progress=quiet)

    return run


@pytest.fixture(scope="session")
def refresh(
    load_lines: Callable[[Connection, Lines], Load], layer: Layer, quiet: Progress
) -> Callable[[Connection, Lines], Build]:
    """Loads lines, builds what they change, and commits."""

    def run(connection: Connection, lines: Lines) -> Build:
        with connection, connection.cursor() as cursor:
            loaded = load_lines(connection, lines)
            return build(cursor, layer, changes=loaded.changes, progress=quiet)

    return run


@pytest.fixture(scope="session")
def shop_connection(
    server_url: str, refresh: Callable[[Connection, Lines], Build], shop_lines: Lines
) -> Iterator[Connection]:
    """The shop, loaded and built once for all who only read it."""
    with new_database(server_url) as url, closing(psycopg2.connect(url)) as connection:
        refresh(connection, shop_lines)
        yield connection


@pytest.fixture(scope="session")
def new_database_at(server_url: str) -> Callable[[], AbstractContextManager[str]]:
    return lambda: new_database(server_url)


@contextmanager
def new_database(server_url: str) -> Iterator[str]:
    """The owner's URL of a database that lives longer than one test."""
    with fresh_database(server_url) as database:
        yield database.owner_url


@pytest.fixture(scope="session")
def mart(server_url: str, real_dump: Path, layer: Layer, quiet: Progress) -> Iterator[Connection]:
    """The real data, loaded and built once for all who only read it."""
    with new_database(server_url) as url, closing(psycopg2.connect(url)) as connection:
        with connection, connection.cursor() as cursor:
            loaded = load(cursor, open_source(real_dump), max_rejects=0, progress=quiet)
            build(cursor, layer, changes=loaded.changes, progress=quiet)
        yield connection


@pytest.fixture
def sold(database: Database, refresh: Callable[[Connection, Lines], Build]) -> Iterator[Callable[..., Cursor]]:
    """Loads and builds a shop of these lines, and gives a cursor on it."""
    with closing(database.connect()) as connection, connection.cursor() as cursor:

        def run(*lines: list[str]) -> Cursor:
            refresh(connection, list(lines))
            return cursor

        yield run
