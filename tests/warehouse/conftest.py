"""Databases that several tests share, where each may only look or undo."""

import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest

from tests.conftest import PASSWORDS, Database
from warehouse.migrate import upgrade
from warehouse.roles import ensure_roles


def execute(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


@pytest.fixture(scope="module")
def module_database(server_url: str) -> Iterator[Database]:
    """A database with roles and migrations applied, for all tests of one module."""
    name = f"test_{secrets.token_hex(6)}"
    execute(server_url, f"create database {name}")
    database = Database(urlunsplit(urlsplit(server_url)._replace(path=f"/{name}")))
    ensure_roles(database.admin_url, PASSWORDS)
    upgrade(database.owner_url)
    yield database
    execute(server_url, f"drop database {name} with (force)")
