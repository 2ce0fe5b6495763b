"""Connections to a database that lines are read from: one snapshot, nothing written, one sentence for what fails."""

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from sqlalchemy import create_engine, exc, inspect
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool
from sqlalchemy.types import NullType

from bootstrap.database import Database
from bootstrap.errors import LgsError, SourceError, Unreachable

NAMES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB", "mssql": "SQL Server"}
"""Databases of which one snapshot is read, by SQLAlchemy's names."""

_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mssql": 1433}
_EXTRAS = {"pymysql": "mysql", "pymssql": "mssql"}
_CONNECTING = 10
_SNAPSHOTS: dict[str, dict[str, Any]] = {
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    "mssql": {"isolation_level": "SNAPSHOT"},
}
_MYSQL = ("mysql", "mariadb")
_MYSQL_COLUMNS = (
    "select column_name, data_type from information_schema.columns where table_schema = %s and table_name = %s "
    "order by ordinal_position"
)
_MYSQL_TABLES = "select table_name from information_schema.tables where table_schema = %s"
_READ_ONLY_SNAPSHOT = "start transaction with consistent snapshot, read only"
# By SQLSTATE of PostgreSQL, and numbers of MySQL, MariaDB and SQL Server; some are only told in words.
_NOT_LET_IN = re.compile(r"^(28P01|28000|1045|1698|18456) |password|authentication|Login failed|pg_hba")
_DENIED = re.compile(r"^(42501|1044|1142|1143|229|230) ")
_TOO_LONG = re.compile(r"^(57014|1969|3024) |timed out|timeout")
_BROKEN = re.compile(r"^(57P0\d|08\d{3}|2006|2013|2055) |closed the connection|connection already closed|SSL SYSCALL")


def connect(database: Database) -> Connection:
    """A connection on which all that is read is of one moment, and nothing can be written.

    Raises ``SourceError`` for a driver that is missing and a wrong password, ``Unreachable`` where nobody answers.
    """
    with explained(database, is_connecting=True):
        try:
            dialect = database.url.parts.get_dialect()
            engine = create_engine(
                database.url.parts, poolclass=NullPool, connect_args=_limits(dialect.driver, database)
            )
        except (exc.NoSuchModuleError, ModuleNotFoundError) as error:
            raise SourceError(_no_driver(database, error)) from None
        connection = engine.connect().execution_options(**_SNAPSHOTS.get(dialect.name, {}))
        if dialect.name in _MYSQL:
            connection.exec_driver_sql(_READ_ONLY_SNAPSHOT)
        return connection


def column_types(connection: Connection, database: Database) -> dict[str, Any]:
    """SQLAlchemy's type of each column of the table. Raises ``SourceError`` that names the nearest where it is not."""
    schema, name = schema_and_table(database)
    find = _mysql_columns if connection.dialect.name in _MYSQL else _columns
    with explained(database), warnings.catch_warnings():
        warnings.simplefilter("ignore", exc.SAWarning)  # of types that SQLAlchemy has no name for
        types, others = find(connection, schema, name)
    if not types:
        raise SourceError(_no_table(database, others))
    return types


def _columns(connection: Connection, schema: str | None, name: str) -> tuple[dict[str, Any], list[str]]:
    """The columns of a table, and where it is not there, the tables and views that are."""
    inspector = inspect(connection)
    try:
        return {column["name"]: column["type"] for column in inspector.get_columns(name, schema)}, []
    except exc.NoSuchTableError:
        return {}, [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]


def _mysql_columns(connection: Connection, schema: str | None, name: str) -> tuple[dict[str, Any], list[str]]:
    """The same of MySQL and MariaDB, which answer SQLAlchemy's question for a view only to those who may change it."""
    kinds, where = connection.dialect.ischema_names, (schema or connection.engine.url.database, name)
    found = connection.exec_driver_sql(_MYSQL_COLUMNS, where)
    types = {column: kinds.get(kind, NullType)() for column, kind in found}
    return types, [] if types else [row[0] for row in connection.exec_driver_sql(_MYSQL_TABLES, where[:1])]


def schema_and_table(database: Database) -> tuple[str | None, str]:
    """The two parts of its name; without a schema, the one that the server looks in first."""
    schema, _, table = database.table.rpartition(".")
    return schema or None, table


@contextmanager
def explained(database: Database, *, is_connecting: bool = False) -> Iterator[None]:
    """What the server or its driver refuses becomes one sentence, without the password."""
    try:
        yield
    except (exc.SQLAlchemyError, TypeError, UnicodeError) as error:
        raise _explanation(database, error, is_connecting=is_connecting) from None


def _explanation(database: Database, error: Exception, *, is_connecting: bool) -> LgsError:
    code, why = _said(database, error)
    where, user, said = database.url, database.url.parts.username or "the user", f"{code} {why}"
    if _DENIED.search(said):
        way = f"Have its administrator run: grant select on {database.table} to {user}."
        return SourceError(f"{where}: {user} may not read {database.table} ({why}). {way}")
    if is_connecting and _NOT_LET_IN.search(said):
        way = "Set the password in LGS_SOURCE_PASSWORD, or in the URL in LGS_SOURCE."
        return SourceError(f"{where}: the server does not let {user} in ({why}). {way}")
    if is_connecting and isinstance(error, exc.OperationalError) and _is_silent(code, why):
        parts = database.url.parts
        port = parts.port or _PORTS.get(parts.get_backend_name(), 0)
        setting = "the URL in --source or LGS_SOURCE"
        return Unreachable("The source", host=parts.host or "localhost", port=port, setting=setting, why=why)
    if _TOO_LONG.search(said):
        way = "Nothing was changed. Try again when it is less busy, or allow more: LGS_SOURCE_TIMEOUT."
        return SourceError(f"{where}: no answer within {database.seconds:g} seconds ({why}). {way}")
    if _BROKEN.search(said) or getattr(error, "connection_invalidated", False):
        return SourceError(f"{where}: the connection broke while it was read ({why}). Nothing was changed. Try again.")
    return SourceError(f"{where}: {database.table} cannot be read ({why}). Correct the URL, --table or the table.")


def _is_silent(code: str, why: str) -> bool:
    """Whether nobody answered at all. PostgreSQL gives no code either way, but says what it refuses as FATAL."""
    return code in ("2003", "2005", "2013", "20009") or (not code and "FATAL" not in why)


def _said(database: Database, error: Exception) -> tuple[str, str]:
    """The code of the server or its driver, and the first line of what it says."""
    original = getattr(error, "orig", None) or error
    code = getattr(original, "pgcode", None)
    words = [word.decode("utf-8", "replace") if isinstance(word, bytes) else word for word in original.args]
    if not code and len(words) > 1 and isinstance(words[0], int):
        code, words = words[0], words[1:]
    text = str(words[0] if words else error).strip().splitlines()[0].rpartition(" failed: ")[2].rstrip(".")
    if password := database.url.parts.password:
        text = text.replace(password, "***")
    return str(code or ""), text


def _no_driver(database: Database, error: Exception) -> str:
    parts = database.url.parts
    extra = _EXTRAS.get(parts.get_driver_name() if isinstance(error, ModuleNotFoundError) else "")
    if extra:
        command = f"{sys.executable} -m pip install 'lgs-bi[{extra}]'"
        return f"{database.url}: its driver {getattr(error, 'name', extra)} is not installed. Run: {command}"
    return (
        f"{database.url}: there is no driver for {parts.drivername} ({error}). "
        "Write postgresql://, mysql+pymysql:// or mssql+pymssql://, or install the driver that you name."
    )


def _no_table(database: Database, there: list[str]) -> str:
    """The names are only those that the user may see."""
    near = get_close_matches(schema_and_table(database)[1], there, n=1)
    shown = ", ".join(sorted(there)[:10]) or "no table that the user may see"
    hint = f"Did you mean {near[0]}?" if near else f"There is {shown}."
    return (
        f"{database.url}: there is no table {database.table}. {hint} Name it: --table TABLE, or --table SCHEMA.TABLE."
    )


def _limits(driver: str, database: Database) -> dict[str, Any]:
    """How long a driver waits for an answer; those that lgs does not know wait as they do by themselves."""
    most, connecting = max(1, round(database.seconds)), max(1, min(_CONNECTING, round(database.seconds)))
    known: dict[str, dict[str, Any]] = {
        "psycopg2": {
            "connect_timeout": connecting,
            "application_name": "lgs",
            "options": f"-c statement_timeout={round(database.seconds * 1000)}",
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        },
        "pymysql": {"connect_timeout": connecting, "read_timeout": most, "write_timeout": most},
        "pymssql": {"login_timeout": connecting, "timeout": most},
    }
    own = database.url.parts.query
    return {name: value for name, value in known.get(driver, {}).items() if name not in own}
