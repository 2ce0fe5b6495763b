"""The three database roles, each with no more than it needs. PostgreSQL is the guard, not the tools in front of it.

============  ========================================================================================
lgs_owner     owns the database and its schemas; migrations and refreshes run as this role
lgs_reader    reads ``mart``; dashboards use it
lgs_analyst   reads ``mart`` and ``warehouse``; SQL Lab uses it
============  ========================================================================================
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extensions import encrypt_password

from bootstrap.errors import UsageError

OWNER, READER, ANALYST = "lgs_owner", "lgs_reader", "lgs_analyst"

_READING_LIMITS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
}
_LIMITS: dict[str, dict[str, str]] = {
    OWNER: {"lock_timeout": "30s"},
    READER: {**_READING_LIMITS, "search_path": "mart"},
    ANALYST: {**_READING_LIMITS, "search_path": "mart, warehouse", "idle_session_timeout": "1h"},
}
_NEEDS = (
    "The administrator of the server must be a superuser, or own the database and have CREATEROLE and CREATEDB "
    "(and ADMIN OPTION on lgs_owner, lgs_reader and lgs_analyst where they exist already)."
)
# A session may raise its own statement_timeout, so that limit alone does not stop these.
_NOT_FOR_PUBLIC = (
    "pg_sleep",
    "pg_sleep_for",
    "pg_sleep_until",
    "lo_creat",
    "lo_create",
    "lo_from_bytea",
    "lo_put",
    "lowrite",
)


def ensure_roles(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Create or mend the three roles of the cluster and the rights in the database that ``admin_url`` names.

    ``passwords`` has one for each role. What is right already is not written again. Raises ``UsageError`` that says
    which privilege the administrator lacks.
    """
    with _connection(admin_url) as connection, _privileges(admin_url), connection.cursor() as cursor:
        for role, limits in _LIMITS.items():
            _ensure_role(cursor, role, passwords[role], limits)
        _ensure_owner(cursor)
        _revoke_public(cursor)


def grant_reading(cursor: Cursor) -> None:
    """Let readers and analysts read what stands in ``mart``, and analysts what stands in ``warehouse``.

    Runs as ``lgs_owner`` inside the refresh, since relations made anew carry no grants.
    """
    for schema, roles in {"mart": (READER, ANALYST), "warehouse": (ANALYST,)}.items():
        cursor.execute("select 1 from pg_namespace where nspname = %s", (schema,))
        if cursor.fetchone():
            names = {"schema": sql.Identifier(schema), "roles": sql.SQL(", ").join(map(sql.Identifier, roles))}
            cursor.execute(sql.SQL("grant usage on schema {schema} to {roles}").format(**names))
            cursor.execute(sql.SQL("grant select on all tables in schema {schema} to {roles}").format(**names))


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    connection = psycopg2.connect(url)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


@contextmanager
def _privileges(admin_url: str) -> Iterator[None]:
    try:
        yield
    except errors.InsufficientPrivilege as error:
        raise UsageError(
            f"The roles cannot be set up: {str(error).strip()}. {_NEEDS} Change LGS_WAREHOUSE_URL."
        ) from error


def _ensure_role(cursor: Cursor, role: str, password: str, limits: Mapping[str, str]) -> None:
    name = sql.Identifier(role)
    cursor.execute("select rolcanlogin, rolconfig from pg_roles where rolname = %s", (role,))
    found = cursor.fetchone()
    if found is None:
        cursor.execute(sql.SQL("create role {} login").format(name))
    verifier = encrypt_password(password, role, cursor.connection, "scram-sha-256")
    cursor.execute(sql.SQL("alter role {} login password %s").format(name), (verifier,))
    settings = {} if found is None else dict(item.split("=", 1) for item in found[1] or ())
    for setting, value in limits.items():
        if settings.get(setting) != value:
            literal = sql.SQL(value) if setting == "search_path" else sql.Literal(value)
            cursor.execute(sql.SQL("alter role {} set {} to {}").format(name, sql.Identifier(setting), literal))


def _ensure_owner(cursor: Cursor) -> None:
    cursor.execute(
        "select current_database(), pg_get_userbyid(datdba), current_setting('is_superuser') = 'on' "
        "from pg_database where datname = current_database()"
    )
    database, owner, is_superuser = cursor.fetchone() or ("", "", False)
    if owner != OWNER:
        if not is_superuser:
            cursor.execute(
                sql.SQL("grant {} to current_user with set true, inherit true").format(sql.Identifier(OWNER))
            )
        cursor.execute(sql.SQL("alter database {} owner to {}").format(sql.Identifier(database), sql.Identifier(OWNER)))


def _revoke_public(cursor: Cursor) -> None:
    cursor.execute("select current_database()")
    (database,) = cursor.fetchone() or ("",)
    name, readers = sql.Identifier(database), sql.SQL(", ").join(map(sql.Identifier, (READER, ANALYST)))
    cursor.execute(sql.SQL("revoke all on database {} from public").format(name))
    cursor.execute(sql.SQL("grant connect on database {} to {}").format(name, readers))
    cursor.execute("select current_setting('is_superuser') = 'on'")
    if cursor.fetchone() == (True,):
        cursor.execute("revoke all on schema public from public")
        cursor.execute(
            "select oid::regprocedure::text from pg_proc where pronamespace = 'pg_catalog'::regnamespace "
            "and proname = any(%s) and has_function_privilege('public', oid, 'execute')",
            (list(_NOT_FOR_PUBLIC),),
        )
        for (function,) in cursor.fetchall():
            cursor.execute(f"revoke execute on function {function} from public")
