"""The three database roles, each with no more than it needs. PostgreSQL is the guard, not the tools in front of it.

============  ========================================================================================
lgs_owner     owns the database and its schemas; migrations and refreshes run as this role
lgs_reader    reads ``mart``; dashboards use it
lgs_analyst   reads ``mart`` and ``warehouse``; SQL Lab uses it
============  ========================================================================================
"""

import hashlib
import hmac
import re
from base64 import b64decode
from collections.abc import Mapping

from psycopg2 import errors, sql
from psycopg2.extensions import cursor as Cursor
from psycopg2.extensions import encrypt_password

from bootstrap.connection import connected
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
_VERIFIER = re.compile(r"SCRAM-SHA-256[$](?P<rounds>\d+):(?P<salt>[^$]+)[$](?P<stored>[^:]+):.+")
# Only a superuser may set these for a role.
_SUPERUSER_LIMITS = {OWNER: {}, READER: {"temp_file_limit": "2GB"}, ANALYST: {"temp_file_limit": "2GB"}}
# Superset opens a connection for each query of its 32 threads; the owner and Superset's own database keep the rest.
_CONNECTIONS = {OWNER: -1, READER: 60, ANALYST: 30}
# Columns that name paths and people of the server, and what only administrators see in Superset.
_PRIVATE = {"receipt": ("source",), "publish": ("published_by", "changes"), "published": ("held",)}
# A session may raise its own statement_timeout, so that limit alone does not stop these. A lock of the advisory kind
# would hold up a refresh, and whoever shares a role could end the queries of the others.
_NOT_FOR_PUBLIC = (
    r"^(pg_sleep(_for|_until)?|lo_(creat|create|from_bytea|put)|lowrite|pg_(cancel|terminate)_backend"
    r"|pg_(try_)?advisory_(xact_)?lock(_shared)?)$"
)


def ensure_roles(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Create or repair the three roles of the cluster and the rights in the database that ``admin_url`` names.

    ``passwords`` has one for each role. What is right already is not written again. Raises ``UsageError`` that says
    which privilege the administrator lacks.
    """
    try:
        with connected(admin_url) as connection, connection, connection.cursor() as cursor:
            for role, limits in _LIMITS.items():
                more = _SUPERUSER_LIMITS[role] if is_superuser(cursor) else {}
                _ensure_role(cursor, role, passwords[role], limits | more)
            _ensure_owner(cursor)
            _revoke_public(cursor)
    except errors.InsufficientPrivilege as error:
        raise UsageError(
            f"The roles cannot be set up: {str(error).strip()}. {_NEEDS} Change LGS_WAREHOUSE_URL."
        ) from error


def grant_reading(cursor: Cursor) -> None:
    """Let readers and analysts read what stands in ``mart``, and analysts what stands in ``warehouse``.

    Runs as ``lgs_owner`` inside the refresh, since rebuilt relations carry no grants.
    """
    for schema, roles in {"mart": (READER, ANALYST), "warehouse": (ANALYST,)}.items():
        cursor.execute("select 1 from pg_namespace where nspname = %s", (schema,))
        if cursor.fetchone():
            names = {"schema": sql.Identifier(schema), "roles": sql.SQL(", ").join(map(sql.Identifier, roles))}
            cursor.execute(sql.SQL("grant usage on schema {schema} to {roles}").format(**names))
            cursor.execute(sql.SQL("grant select on all tables in schema {schema} to {roles}").format(**names))
            _keep_private(cursor, schema, names)


def _keep_private(cursor: Cursor, schema: str, names: Mapping[str, sql.Composable]) -> None:
    """Of some tables, let every column be read but those that are the administrators' own."""
    for table, private in _PRIVATE.items():
        cursor.execute(
            "select array_agg(attname) from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 "
            "and not attisdropped and attname <> all(%s)",
            (f"{schema}.{table}", list(private)),
        )
        (columns,) = cursor.fetchone() or (None,)
        if columns:
            readable = sql.SQL(", ").join(map(sql.Identifier, columns))
            named = {"table": sql.Identifier(schema, table), "columns": readable}
            cursor.execute(sql.SQL("revoke select on {table} from {roles}").format(**named, **names))
            cursor.execute(sql.SQL("grant select ({columns}) on {table} to {roles}").format(**named, **names))


def _ensure_role(cursor: Cursor, role: str, password: str, limits: Mapping[str, str]) -> None:
    name = sql.Identifier(role)
    cursor.execute("select 1 from pg_roles where rolname = %s", (role,))
    if cursor.fetchone() is None:
        cursor.execute(sql.SQL("create role {} login").format(name))
    cursor.execute(
        "select rolcanlogin, rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls, rolconfig, "
        "rolconnlimit from pg_roles where rolname = %s",
        (role,),
    )
    can_login, has_too_much, settings, connections = cursor.fetchone() or (True, False, None, None)
    if has_too_much:
        cursor.execute(
            sql.SQL("alter role {} nosuperuser nocreatedb nocreaterole noreplication nobypassrls").format(name)
        )
    if not (can_login and _has_password(cursor, role, password)):
        verifier = encrypt_password(password, role, cursor.connection, "scram-sha-256")
        cursor.execute(sql.SQL("alter role {} login password %s").format(name), (verifier,))
    _ensure_settings(cursor, role, dict(item.split("=", 1) for item in settings or ()), limits)
    if connections != _CONNECTIONS[role]:
        cursor.execute(sql.SQL("alter role {} connection limit %s").format(name), (_CONNECTIONS[role],))


def _ensure_settings(cursor: Cursor, role: str, held: Mapping[str, str], limits: Mapping[str, str]) -> None:
    """Set what is not as it should be, and take back what a role has set for itself."""
    name = sql.Identifier(role)
    for setting, value in limits.items():
        if held.get(setting) != value:
            literal = sql.SQL(value) if setting == "search_path" else sql.Literal(value)
            cursor.execute(sql.SQL("alter role {} set {} to {}").format(name, sql.Identifier(setting), literal))
    for setting in held.keys() - limits.keys() - {limit for more in _SUPERUSER_LIMITS.values() for limit in more}:
        cursor.execute(sql.SQL("alter role {} reset {}").format(name, sql.Identifier(setting)))
    cursor.execute(
        "select datname from pg_db_role_setting join pg_database on setdatabase = pg_database.oid "
        "where setrole = %s::regrole",
        (role,),
    )
    for (database,) in cursor.fetchall():
        cursor.execute(sql.SQL("alter role {} in database {} reset all").format(name, sql.Identifier(database)))


def _has_password(cursor: Cursor, role: str, password: str) -> bool:
    """Whether the server holds this password already, as far as the administrator may see that (RFC 5802)."""
    if not is_superuser(cursor):
        return False
    cursor.execute("select rolpassword from pg_authid where rolname = %s", (role,))
    found = _VERIFIER.fullmatch((cursor.fetchone() or ("",))[0] or "")
    if found is None:
        return False
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), b64decode(found["salt"]), int(found["rounds"]))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), b64decode(found["stored"]))


def is_superuser(cursor: Cursor) -> bool:
    """Whether the one who is connected is."""
    cursor.execute("select current_setting('is_superuser') = 'on'")
    return cursor.fetchone() == (True,)


def _ensure_owner(cursor: Cursor) -> None:
    cursor.execute(
        "select current_database(), pg_get_userbyid(datdba) from pg_database where datname = current_database()"
    )
    database, owner = cursor.fetchone() or ("", "")
    if owner != OWNER:
        names = {"database": sql.Identifier(database), "owner": sql.Identifier(OWNER)}
        if not is_superuser(cursor):
            cursor.execute(sql.SQL("grant {owner} to current_user with set true, inherit true").format(**names))
        cursor.execute(sql.SQL("alter database {database} owner to {owner}").format(**names))


def _revoke_public(cursor: Cursor) -> None:
    cursor.execute(
        "select current_database(), has_database_privilege('public', current_database(), 'connect, temporary'), "
        "has_database_privilege(%s, current_database(), 'connect') "
        "and has_database_privilege(%s, current_database(), 'connect')",
        (READER, ANALYST),
    )
    database, is_public, may_connect = cursor.fetchone() or ("", True, False)
    names = {"database": sql.Identifier(database), "roles": sql.SQL(", ").join(map(sql.Identifier, (READER, ANALYST)))}
    if is_public or not may_connect:
        cursor.execute(sql.SQL("revoke all on database {database} from public").format(**names))
        cursor.execute(sql.SQL("grant connect on database {database} to {roles}").format(**names))
    if is_superuser(cursor):
        cursor.execute("select has_schema_privilege('public', oid, 'usage') from pg_namespace where nspname = 'public'")
        if cursor.fetchone() == (True,):
            cursor.execute("revoke all on schema public from public")
        _revoke_functions(cursor)


def _revoke_functions(cursor: Cursor) -> None:
    cursor.execute(
        "select oid::regprocedure::text from pg_proc where pronamespace = 'pg_catalog'::regnamespace "
        "and proname ~ %s and has_function_privilege('public', oid, 'execute')",
        (_NOT_FOR_PUBLIC,),
    )
    for (function,) in cursor.fetchall():
        cursor.execute(f"revoke execute on function {function} from public")
        if "advisory" in function:
            cursor.execute(f"grant execute on function {function} to {OWNER}")
