"""Each role tries what it must not do, and PostgreSQL itself refuses."""

import re
import secrets
from contextlib import closing
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
import yaml
from psycopg2 import errors

from bootstrap.connection import alone
from bootstrap.errors import UsageError
from bootstrap.project import current
from bootstrap.roles import _LIMITS, ensure_roles, grant_reading
from tests.conftest import PASSWORDS, REPOSITORY, execute
from tests.warehouse.shop import ROWS, copy_text, run_load, write

REFUSED = (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)


@pytest.fixture(scope="module")
def granted(module_database, tmp_path_factory):
    """A warehouse with lines, a mart, and a private rollup, as after a refresh."""
    run_load(module_database, write(tmp_path_factory.mktemp("shop") / "retail.sql", copy_text(ROWS)))
    with closing(module_database.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            "create schema mart; create schema rollup; create table rollup.private as select 1 as x;"
            "create view mart.sales as select month, sum(amount) as sales from warehouse.line group by month"
        )
        grant_reading(cursor)
    return module_database


def attempt(database, role, *statements):
    with closing(database.connect(role)) as connection, connection.cursor() as cursor:
        for statement in statements:
            connection.autocommit = not statement.startswith("lock")
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_what_each_role_may_read(granted):
    assert len(attempt(granted, "reader", "select * from mart.sales")) == 5
    assert len(attempt(granted, "reader", "select * from sales")) == 5
    assert len(attempt(granted, "analyst", "select * from mart.sales")) == 5
    assert len(attempt(granted, "analyst", "select * from warehouse.line")) == len(ROWS)
    assert attempt(granted, "analyst", "select count(*) from product join line using (stock_code)") == [(len(ROWS),)]


FORBIDDEN = [
    "select * from landing.line",
    "select * from landing.reject",
    "select * from landing_before.line",
    "select * from warehouse_before.line",
    "select * from rollup.private",
    "insert into warehouse.product values ('x', 'x', true)",
    "delete from warehouse.line",
    "update warehouse.product set product = 'x'",
    "truncate warehouse.line",
    "drop view mart.sales",
    "alter table warehouse.line add x int",
    "create table mart.mine (x int)",
    "create table public.mine (x int)",
    "create temporary table mine (x int)",
    "create schema mine",
    "create function mart.f() returns int language sql as 'select 1'",
    "create extension postgres_fdw",
    "create role mine",
    "create database mine",
    "alter role lgs_reader superuser",
    "set role lgs_owner",
    "set session authorization postgres",
    "copy (select 1) to program 'cat'",
    "copy (select 1) to '/tmp/leak'",
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('.')",
    "select lo_import('/etc/passwd')",
    "select lo_create(0)",
    "select lo_from_bytea(0, 'x')",
    "select pg_sleep(1000)",
    "select pg_sleep_for('1 hour')",
    "select pg_sleep_until('tomorrow')",
    "alter system set work_mem = '1GB'",
    "select pg_reload_conf()",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'lgs_owner'",
    "select rolpassword from pg_authid",
    "lock table warehouse.line in access exclusive mode",
]


@pytest.mark.parametrize("role", ["reader", "analyst"])
@pytest.mark.parametrize("read_only", ["on", "off"])
def test_what_readers_and_analysts_must_not_do(granted, role, read_only):
    """Also when they switch off what only protects against mistakes."""
    with closing(granted.connect()):  # somebody to terminate
        for statement in FORBIDDEN:
            with pytest.raises(REFUSED):
                attempt(granted, role, f"set default_transaction_read_only = {read_only}", statement)


def test_the_reader_does_not_read_the_warehouse(granted):
    with pytest.raises(errors.InsufficientPrivilege):
        attempt(granted, "reader", "select * from warehouse.line")


@pytest.mark.parametrize(
    "statement",
    [s for s in FORBIDDEN if "pg_read" in s or "lo_" in s or "role m" in s or ("pg_s" in s and "term" not in s)],
)
def test_what_even_the_owner_must_not_do(granted, statement):
    with pytest.raises(REFUSED):
        attempt(granted, "owner", statement)


@pytest.mark.parametrize("role", ["reader", "analyst"])
def test_limits(granted, role):
    for setting, value in {
        "statement_timeout": "1min",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "1min",
        "default_transaction_read_only": "on",
    }.items():
        assert attempt(granted, role, f"show {setting}") == [(value,)]


HOLDING_UP = [
    "select pg_advisory_lock(5829)",
    "select pg_try_advisory_lock_shared(5829)",
    "select pg_advisory_xact_lock(5829)",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()",
    "select pg_cancel_backend(pg_backend_pid())",
]


@pytest.mark.parametrize("statement", HOLDING_UP)
@pytest.mark.parametrize("role", ["reader", "analyst"])
def test_nobody_who_reads_can_hold_up_a_refresh_or_end_the_queries_of_others(granted, role, statement):
    with pytest.raises(errors.InsufficientPrivilege):
        attempt(granted, role, statement)


def test_a_refresh_takes_its_lock_all_the_same(granted):
    with alone(granted.owner_url) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_locks where locktype = 'advisory'")
        assert cursor.fetchone()[0] >= 1


@pytest.mark.parametrize("role", ["reader", "analyst"])
def test_a_query_cannot_fill_the_disk(granted, role):
    assert attempt(granted, role, "show temp_file_limit") == [("2GB",)]
    with pytest.raises(errors.InsufficientPrivilege):
        attempt(granted, role, "set temp_file_limit = -1")


def test_readers_leave_connections_to_the_rest(granted):
    found = dict(attempt(granted, "admin", "select rolname, rolconnlimit from pg_roles where rolname like 'lgs%'"))
    most = int(attempt(granted, "admin", "show max_connections")[0][0])
    assert 0 < found["lgs_reader"] + found["lgs_analyst"] < most
    assert found["lgs_owner"] == -1


def test_what_a_role_did_to_itself_is_undone(granted):
    """PostgreSQL lets a role change its own password and settings: the next command of an administrator undoes it."""
    name = attempt(granted, "admin", "select current_database()")[0][0]
    attempt(
        granted,
        "analyst",
        "set default_transaction_read_only = off",
        "alter role current_user set statement_timeout = 0",
        "alter role current_user set work_mem = '4GB'",
        f"alter role current_user in database {name} set lock_timeout = 0",
        "alter role current_user password 'mine'",
    )
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        granted.connect("analyst")
    ensure_roles(granted.admin_url, PASSWORDS)
    assert attempt(granted, "analyst", "show statement_timeout") == [("1min",)]
    assert attempt(granted, "analyst", "show lock_timeout") == [("5s",)]
    assert attempt(granted, "analyst", "show work_mem") != [("4GB",)]


def test_no_path_of_the_server_is_read(granted):
    assert attempt(granted, "analyst", "select receipt_id, lines_read from warehouse.receipt") == []
    with pytest.raises(errors.InsufficientPrivilege):
        attempt(granted, "analyst", "select source from warehouse.receipt")


def test_one_limit_of_time_in_every_layer():
    access = yaml.safe_load((current().superset / "access.yml").read_text(encoding="utf-8"))
    configured = (current().superset / "superset_config.py").read_text(encoding="utf-8")
    proxied = (REPOSITORY / "docs/server.md").read_text(encoding="utf-8")
    assert {limits.get("statement_timeout", "60s") for limits in _LIMITS.values()} == {"60s"}
    assert {connection["statement_seconds"] for connection in access["connections"].values()} == {60}
    for name in ("SUPERSET_WEBSERVER_TIMEOUT", "SQLLAB_TIMEOUT"):
        assert re.search(rf"^{name} = 60$", configured, re.MULTILINE)
    assert int(re.search(r"proxy_read_timeout (\d+)s", proxied)[1]) > 60


def test_a_long_statement_is_cancelled(granted):
    """The limit works; a shorter one is set here only so that nobody waits for a minute."""
    endless = "with recursive t (n) as (select 1 union all select n + 1 from t) select count(*) from t"
    with pytest.raises(errors.QueryCanceled):
        attempt(granted, "analyst", "set statement_timeout = '300ms'", endless)


def test_nobody_else_may_connect(granted):
    name = f"stranger_{secrets.token_hex(4)}"
    execute(granted.admin_url, f"create role {name} login password 'x'")
    parts = urlsplit(granted.admin_url)
    url = urlunsplit(parts._replace(netloc=f"{name}:x@{parts.hostname}:{parts.port}"))
    try:
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            psycopg2.connect(url)
    finally:
        execute(granted.admin_url, f"drop role {name}")


def catalog(database):
    sql = """select rolname, rolconfig, oid, (select rolpassword from pg_authid a where a.oid = r.oid) from pg_roles r
             where rolname like 'lgs%' union all select datname, array[datacl::text], xmin::text::oid, null
             from pg_database where datname = current_database() order by 1"""
    return attempt(database, "admin", sql)


def test_again_changes_nothing(granted):
    before = catalog(granted)
    ensure_roles(granted.admin_url, PASSWORDS)
    assert catalog(granted) == before


@pytest.fixture
def modest(server_url):
    """A database whose owner is no superuser. Its name is the role's."""
    name = f"modest_{secrets.token_hex(4)}"
    execute(server_url, f"create role {name} login createrole createdb password 'x'")
    execute(server_url, f"create database {name} owner {name}")
    parts = urlsplit(server_url)
    yield urlunsplit(parts._replace(netloc=f"{name}:x@{parts.hostname}:{parts.port}", path=f"/{name}")), name
    execute(server_url, f"drop database {name} with (force)")
    execute(server_url, f"drop owned by {name} cascade; drop role {name}")


def test_an_administrator_who_lacks_a_right_is_told_which(modest, server_url):
    url, name = modest
    execute(server_url, f"alter role {name} nocreaterole")
    with pytest.raises(UsageError, match="must be a superuser, or own the database and have CREATEROLE and CREATEDB"):
        ensure_roles(url, PASSWORDS)


def test_an_administrator_who_is_no_superuser(modest, server_url):
    """Where roles exist already, the right to administer them is all that it takes."""
    url, name = modest
    for role in PASSWORDS:
        execute(server_url, f"grant {role} to {name} with admin option")
    ensure_roles(url, PASSWORDS)
    owner = "select pg_get_userbyid(datdba) from pg_database where datname = current_database()"
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(owner)
        assert cursor.fetchone() == ("lgs_owner",)
    ensure_roles(url, PASSWORDS)
