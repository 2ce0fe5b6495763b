"""What SQL Lab and charts run: statements that read, over the connection for SQL Lab alone."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
import requests

from bootstrap.assets import Site
from bootstrap.assets.client import Client
from bootstrap.assets.identity import identity
from bootstrap.assets.live import Live
from tests.assets.people import Person

pytestmark = pytest.mark.stack
Run = Callable[..., requests.Response]

WRITES = {
    "commit; begin read write; alter role current_user password 'x'": "COMMIT",
    "select 1; commit": "COMMIT",
    "begin read write": "BEGIN",
    "alter role current_user set statement_timeout = 0": "ALTER",
    "insert into warehouse.line default values": "INSERT",
    "with gone as (delete from warehouse.line returning 1) select * from gone": "DELETE",
    "with one as (select 1) update warehouse.line set quantity = 0": "UPDATE",
    "merge into warehouse.line using mart.coverage on true when matched then delete": "MERGE",
    "truncate warehouse.line": "TRUNCATE",
    "explain analyze delete from warehouse.line": "DELETE",
    "explain (analyze, buffers) delete from warehouse.line": "DELETE",
    "select 1 as one into temporary mine": "INTO",
    "select * from warehouse.line limit 1 for update": "FOR UPDATE",
    "create temporary table mine as select 1": "CREATE",
    "drop table warehouse.line": "DROP",
    "set statement_timeout = 0": "SET",
    "set role lgs_owner": "SET",
    "reset all": "RESET",
    "discard all": "DISCARD",
    "do $$ begin perform 1; end $$": "DO",
    "copy warehouse.line to stdout": "COPY",
    "call something()": "CALL",
    "lock table warehouse.line": "LOCK",
    "listen shop": "LISTEN",
    "notify shop": "NOTIFY",
    "vacuum": "VACUUM",
    "prepare it as select 1": "PREPARE",
    "savepoint it": "SAVEPOINT",
    "show x /* ; select '*/ ; commit; -- '": "COMMIT",
    "select '\\'; commit; --'": "COMMIT",
    "select pg_catalog.set_config('statement_timeout', '0', false)": "set_config",
    "select \"set_config\"('statement_timeout', '0', false)": "set_config",
    "select U&\"set\\005fconfig\"('statement_timeout', '0', false)": "U&",
    "select pg_advisory_lock(5829)": "pg_advisory_lock",
    "select pg_terminate_backend(1)": "pg_terminate_backend",
    "select * from pg_sleep(1)": "pg_sleep",
    "select query_to_xml('select 1', true, true, '')": "query_to_xml",
}
READS = [
    "select sum(sales) from mart.sales_month;",
    "-- why\nselect 1 /* and how; */ as one",
    "select 1; select 2 as two;",
    "with one as (select 1 as n) select n from one",
    "with recursive counted as (select 1 as n union all select n + 1 from counted where n < 3) select * from counted",
    "values (1), (2)",
    "(select 1) union all select 2",
    "select month, sum(sales) over (order by month) from mart.sales_month",
    "select month, row_number() over (partition by country order by month) from mart.sales_month",
    """select '{"a": 1}'::jsonb ->> 'a' as a""",
    """select '{"a": 1}'::jsonb @> '{}'::jsonb as a""",
    "select percentile_cont(0.5) within group (order by sales) from mart.sales_month",
    "select count(*) filter (where quantity > 0) from warehouse.line",
    "select 'commit; drop table x' as text, $$ a; b $$ as quoted",
    "select day.day from generate_series(1, 3) as day (day) cross join lateral (select day.day) as twice",
    "explain select 1",
    "explain analyze select 1",
    "show search_path",
]


@pytest.fixture(scope="module")
def numbers(admin: Client) -> dict[str, int]:
    found = Live.read(admin).ids
    wanted = {"reader": "databases", "analyst": "databases", "sales_month": "datasets"}
    return {name: found[kind][str(identity(kind, name))] for name, kind in wanted.items()}


@pytest.fixture(scope="module")
def people(site: Site) -> dict[str, Person]:
    return {name: Person.sign_in(site.url, name, site.users[name]) for name in ("analyst", "admin")}


@pytest.fixture
def run(people: dict[str, Person], numbers: dict[str, int]) -> Run:
    def run(sql: str, *, connection: str = "analyst", name: str = "analyst", **more: Any) -> requests.Response:
        body = {"database_id": numbers[connection], "sql": sql, "schema": "mart", "runAsync": False, **more}
        return people[name].send("POST", "/api/v1/sqllab/execute/", json=body)

    return run


@pytest.mark.parametrize("sql", WRITES)
def test_what_does_more_than_read_is_refused_by_name(run: Run, sql: str) -> None:
    answer = run(sql)
    assert not answer.ok, answer.text[:300]
    message = answer.json()["errors"][0]["message"]
    assert WRITES[sql] in message
    assert len(message) < 150


@pytest.mark.parametrize("sql", READS)
def test_what_reads_runs(run: Run, sql: str) -> None:
    answer = run(sql)
    assert answer.ok, answer.text[:300]
    assert answer.json()["data"]


def test_a_stop_that_comes_before_its_query_ends_it(run: Run, site: Site) -> None:
    """Who clicks Run and Stop at once sends both, and the second may be the first to arrive."""
    other = Person.sign_in(site.url, "analyst", site.users["analyst"])
    with ThreadPoolExecutor() as beside:
        stopped = beside.submit(other.send, "POST", "/api/v1/query/stop", json={"client_id": "too_soon"})
        time.sleep(1)
        answer = run("select count(*) from warehouse.line a, warehouse.line b, warehouse.line c", client_id="too_soon")
        assert stopped.result().status_code == 200, stopped.result().text
    assert answer.json().get("status") != "success", answer.text


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select n from generate_series(1, 50) as n order by n limit 7", 7),
        ("select n from generate_series(1, 50) as n order by n limit 3 offset 2", 3),
        ("select n from generate_series(1, 50) as n fetch first 2 rows only", 2),
        ("select n from generate_series(1, 50) as n limit 2 + 2", 4),
        ("(select 1 union all select 2 union all select 3) limit 2", 2),
        ("with n as (select 1 as one union all select 2) select * from n limit 1", 1),
        ("select n as one, n as one from generate_series(1, 50) as n limit 5", 5),
        ("select n from generate_series(1, 50) as n limit all", 10),
    ],
)
def test_a_query_keeps_its_own_limit_where_it_is_the_smaller_one(run: Run, sql: str, rows: int) -> None:
    answer = run(sql, queryLimit=10).json()
    assert len(answer["data"]) == rows
    assert (answer["query"]["limitingFactor"] == "DROPDOWN") is (rows == 10)


def test_names_without_a_schema_are_found(run: Run) -> None:
    answer = run("select country.region from country cross join line limit 1", schema=None)
    assert answer.ok, answer.text[:300]


def test_what_is_refused_stands_in_the_history_as_failed(run: Run, people: dict[str, Person]) -> None:
    client = uuid4().hex[:10]
    assert not run("delete from warehouse.line", client_id=client).ok
    history = people["analyst"].json("/api/v1/query/updated_since?q=(last_updated_ms:0)")["result"]
    assert [one["state"] for one in history if one["id"] == client] == ["failed"]


@pytest.mark.parametrize("name", ["analyst", "admin"])
def test_the_dashboards_connection_is_not_open_to_sql_lab(run: Run, name: str) -> None:
    answer = run("select 1", connection="reader", name=name)
    assert not answer.ok
    assert "not open to SQL Lab" in answer.json()["errors"][0]["message"]


def test_a_chart_cannot_carry_more_than_a_query(people: dict[str, Person], numbers: dict[str, int]) -> None:
    def ask(expression: str) -> requests.Response:
        metric = {"expressionType": "SQL", "sqlExpression": expression, "label": "mine"}
        queries = [{"columns": [], "metrics": [metric], "filters": [], "row_limit": 10}]
        body = {"datasource": {"id": numbers["sales_month"], "type": "table"}, "queries": queries}
        return people["analyst"].send("POST", "/api/v1/chart/data", json=body)

    assert ask("sum(sales)").ok
    answer = ask("max(set_config('statement_timeout', '0', false))")
    assert not answer.ok
    assert "set_config" in answer.text
