"""Connections to PostgreSQL: closed at the end of the work, and a clear word where nobody answers."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import Unreachable

_SECONDS = 10


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection that is closed at the end. Raises ``Unreachable`` when nobody answers, or not any more."""
    try:
        connection = psycopg2.connect(url, connect_timeout=_SECONDS, application_name="lgs")
    except psycopg2.OperationalError as error:
        raise _unreachable(url, error) from error
    with closing(connection):
        try:
            yield connection
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            if connection.closed:
                raise _unreachable(url, error) from error
            raise


@contextmanager
def administering(url: str) -> Iterator[Cursor]:
    """A cursor for what no transaction may hold, such as ``create database``: each statement counts at once.

    Raises ``Unreachable`` as ``connected`` does.
    """
    with connected(url) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def _unreachable(url: str, error: psycopg2.Error) -> Unreachable:
    parts = psycopg2.extensions.parse_dsn(url)
    return Unreachable(
        "The warehouse",
        host=parts.get("host", "127.0.0.1"),
        port=int(parts.get("port", 5432)),
        setting="LGS_WAREHOUSE_URL or LGS_POSTGRES_PORT",
        why=str(error).strip().splitlines()[-1],
        hint=" (lgs up starts an embedded one)",
    )
