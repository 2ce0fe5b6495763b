"""Connections to PostgreSQL, closed at the end; a clear word where nobody answers or somebody else works."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import Locked, Unreachable
from bootstrap.interruption import watched

LOCK_KEY = 0x16C5
_SECONDS = 10


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection that is closed at the end. Raises ``Unreachable`` when nobody answers, or not any more."""
    try:
        connection = psycopg2.connect(url, connect_timeout=_SECONDS, application_name="lgs")
    except psycopg2.OperationalError as error:
        raise _unreachable(url, error) from error
    with closing(connection), watched(connection):
        try:
            yield connection
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            if connection.closed:
                raise _unreachable(url, error) from error
            raise


@contextmanager
def alone(owner_url: str) -> Iterator[Connection]:
    """A connection that holds the lock of refresh and publish; the server lets go when it ends, however it ends.

    Raises ``Locked`` when another run holds it.
    """
    with connected(owner_url) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(%s)", [LOCK_KEY])
            if not (cursor.fetchone() or [False])[0]:
                raise Locked(
                    "Another refresh or publish is running on this warehouse. Wait until it has ended, then try again."
                )
        yield connection
        with suppress(psycopg2.OperationalError, psycopg2.InterfaceError):  # a restore ends the session, so the lock
            connection.rollback()
            with connection.cursor() as cursor:  # else the server frees it some time after the end of the session
                cursor.execute("select pg_advisory_unlock(%s)", [LOCK_KEY])


@contextmanager
def administering(url: str) -> Iterator[Cursor]:
    """A cursor for what no transaction may hold, such as ``create database``: each statement counts at once.

    Raises ``Unreachable`` as ``connected`` does.
    """
    with connected(url) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def refusal(url: str) -> str | None:
    """What a server says to who connects; ``None`` when it lets them in."""
    try:
        psycopg2.connect(url, connect_timeout=_SECONDS).close()
    except psycopg2.OperationalError as error:
        return str(error).strip()
    return None


def _unreachable(url: str, error: psycopg2.Error) -> Unreachable:
    parts = psycopg2.extensions.parse_dsn(url)
    return Unreachable(
        "The warehouse",
        host=parts.get("host", "127.0.0.1"),
        port=int(parts.get("port", 5432)),
        setting="LGS_WAREHOUSE_URL or LGS_POSTGRES_PORT",
        why=str(error).strip().splitlines()[0].rpartition(" failed: ")[2],
        hint=" (lgs up starts an embedded one)",
    )
