"""A reader who raises the time limit of a session is ended all the same."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

from bootstrap.server.watchdog import NAME, end_overlong
from tests.conftest import Shop

pytestmark = pytest.mark.stack
SOON = timedelta(seconds=1)


@pytest.fixture
def watcher(shop: Shop) -> Iterator[Connection]:
    with closing(psycopg2.connect(shop.stack.metadata.url)) as connection:
        yield connection


def session_of(shop: Shop, role: str) -> Connection:
    connection = psycopg2.connect(shop.stack.url(role))
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; select 1")
    return connection


@pytest.mark.parametrize("role", ["reader", "analyst"])
def test_what_runs_past_the_limit_is_ended_and_named(shop: Shop, watcher: Connection, role: str) -> None:
    with closing(session_of(shop, role)) as session:
        time.sleep(1.5)
        assert end_overlong(watcher) == []
        pid = session.info.backend_pid
        (ended,) = (line for line in end_overlong(watcher, longest=SOON) if f" {pid} " in line)
        assert f"lgs_{role}" in ended
        with pytest.raises(psycopg2.OperationalError), session.cursor() as cursor:
            cursor.execute("select 1")


def test_sessions_that_wait_and_those_of_the_refresh_are_left_alone(shop: Shop, watcher: Connection) -> None:
    with closing(session_of(shop, "warehouse")) as refresh, closing(session_of(shop, "analyst")) as waiting:
        waiting.commit()
        time.sleep(1.5)
        end_overlong(watcher, longest=SOON)
        for session in (refresh, waiting):
            with session.cursor() as cursor:
                cursor.execute("select 1")


def test_each_process_of_the_site_watches(shop: Shop) -> None:
    with closing(psycopg2.connect(shop.stack.url("admin"))) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_stat_activity where application_name = %s", [NAME])
        (watching,) = cursor.fetchone() or (0,)
    assert watching >= int(shop.environment["LGS_SUPERSET_WORKERS"])  # another site may share the server
