"""Connection addresses of PostgreSQL (``postgresql://user:password@host:port/database?options``)."""

import socket
from contextlib import suppress
from urllib.parse import quote, urlsplit

import psycopg2

from bootstrap.errors import Unreachable, UsageError

_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg2")
_OLDEST = 160_000


def parse(url: str, *, setting: str) -> str:
    """The address in the one form that psycopg2 and SQLAlchemy share. Raises ``UsageError`` when it cannot be one."""
    scheme, _, rest = url.strip().partition("://")
    form = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    if scheme not in _SCHEMES or not rest:
        raise UsageError(f"{setting} is not a PostgreSQL URL. Write it as {form}.")
    parsed = f"postgresql://{rest}"
    with suppress(ValueError):
        if urlsplit(parsed).path.strip("/") and (urlsplit(parsed).port or True):
            return parsed
    raise UsageError(f"{setting} has no database name or no valid port. Write it as {form}.")


def replaced(url: str, *, username: str | None = None, password: str = "", database: str | None = None) -> str:
    """The same server and options with another user, database, or both."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    if username is not None:
        user = f"{quote(username, safe='')}:{quote(password, safe='')}"
    path = parts.path if database is None else f"/{quote(database, safe='')}"
    return parts._replace(netloc=f"{user}@{host}", path=path).geturl()


def endpoint(url: str) -> tuple[str, int]:
    """Host and port."""
    parts = urlsplit(url)
    return parts.hostname or "localhost", parts.port or 5432


def require_open(url: str, *, setting: str) -> None:
    """Raise ``Unreachable`` when nothing listens there, ``UsageError`` when the server refuses or is too old."""
    host, port = endpoint(url)
    try:
        connection = psycopg2.connect(url, connect_timeout=10)
    except psycopg2.OperationalError as error:
        _require_listener(host, port, setting=setting)
        said = str(error).strip().splitlines()[-1]
        raise UsageError(
            f"The PostgreSQL at {host}:{port} refuses {setting}: {said}. Correct its user, password or database."
        ) from error
    version = connection.server_version
    connection.close()
    if version < _OLDEST:
        raise UsageError(
            f"The PostgreSQL at {host}:{port} is version {version // 10_000}, but 16 is the oldest that will do. "
            f"Upgrade it, or name another in {setting}."
        )


def _require_listener(host: str, port: int, *, setting: str) -> None:
    try:
        socket.create_connection((host, port), timeout=10).close()
    except OSError as error:
        why = error.strerror or str(error)
        raise Unreachable("PostgreSQL", host=host, port=port, setting=setting, why=why) from error
