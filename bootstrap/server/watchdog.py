"""Ends what readers run past every limit: PostgreSQL lets a session raise its own time limit, and nobody else looks.

Runs in a thread of each web process, on a connection of its own to the server that holds Superset's metadata, as
``lgs_superset``. That role may end sessions of others where the administrator of the server is a superuser.
"""

import logging
import threading
import time
from datetime import timedelta

import psycopg2
from psycopg2.extensions import connection as Connection

from bootstrap.roles import ANALYST, READER

NAME = "lgs watchdog"
LONGEST = timedelta(minutes=10)  # ten times what a query may run
_PAUSE = 30.0  # seconds
_OVERLONG = """
select usename, pid, extract(epoch from now() - coalesce(xact_start, query_start))::integer, pg_terminate_backend(pid)
from pg_stat_activity
where usename = any(%s) and state <> 'idle' and coalesce(xact_start, query_start) < now() - %s
"""

logger = logging.getLogger("lgs")


def start(metadata_url: str) -> None:
    """Watch from now on, until the process ends."""
    threading.Thread(target=_watch, args=[metadata_url], name=NAME, daemon=True).start()


def end_overlong(connection: Connection, *, longest: timedelta = LONGEST) -> list[str]:
    """End the sessions of readers and analysts whose transaction is older than ``longest``: a line on each."""
    with connection, connection.cursor() as cursor:
        cursor.execute(_OVERLONG, ([READER, ANALYST], longest))
        return [f"ended the session {pid} of {role} after {age} seconds" for role, pid, age, _ in cursor.fetchall()]


def _watch(metadata_url: str) -> None:
    while True:
        try:
            _look_until_it_fails(metadata_url)
        except psycopg2.Error as error:  # the server is away: look again when it is back
            logger.warning("the watchdog lost its connection: %s", error)
            time.sleep(_PAUSE)


def _look_until_it_fails(metadata_url: str) -> None:
    connection = psycopg2.connect(metadata_url, connect_timeout=10, application_name=NAME)
    try:
        if not _may_end(connection):
            logger.warning("sessions past their time limit are not ended: only a superuser can give that right")
        while True:
            for ended in end_overlong(connection):
                logger.warning(ended)
            time.sleep(_PAUSE)
    finally:
        connection.close()


def _may_end(connection: Connection) -> bool:
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select pg_has_role('pg_signal_backend', 'member') and pg_has_role('pg_read_all_stats', 'member')"
        )
        return cursor.fetchone() == (True,)
