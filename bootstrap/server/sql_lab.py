"""What SQL Lab leaves open: the connection of a new tab, the limit of a query, what is cut, and a Stop that ends it.

For Superset's FLASK_APP_MUTATOR, as ``bootstrap.server.pages``.
"""

import json
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

_EXPORT = re.compile(r"/api/v1/sqllab/export/([^/]+)/?")
_CUT = ("DROPDOWN", "QUERY_AND_DROPDOWN")  # of Superset's LimitingFactor; a LIMIT in the query was asked for
_START = 10.0  # seconds in which a query that is to be stopped must have started
_LOOK = 0.1  # seconds between two looks at it


def prepare(app: Any) -> None:
    """Add them to the Flask application."""
    from superset.commands.sql_lab.execute import ExecuteSqlCommand
    from superset.daos.query import QueryDAO
    from superset.db_engine_specs.postgres import PostgresEngineSpec as Spec
    from superset.sql.parse import SQLStatement

    Spec.cancel_query = classmethod(_end)
    Spec.get_default_schema_for_query = classmethod(_schema(Spec.get_default_schema_for_query))
    SQLStatement.set_limit_value = _limit(SQLStatement.set_limit_value)
    ExecuteSqlCommand._set_query_limit_if_required = _keep(ExecuteSqlCommand._set_query_limit_if_required)
    ExecuteSqlCommand._run_sql_json_exec_from_scratch = _fail(ExecuteSqlCommand._run_sql_json_exec_from_scratch)
    QueryDAO.stop_query = staticmethod(_stop(QueryDAO.stop_query))
    app.after_request(_offer)
    app.after_request(_say_what_is_cut)


def _schema(default_schema_for_query: Any) -> Callable[..., Any]:
    """Superset's own, or the connection's first schema: names without one were refused until somebody chose one."""

    def schema(_: Any, database: Any, query: Any, *more: Any, **options: Any) -> Any:
        return default_schema_for_query(database, query, *more, **options) or database.get_default_schema(query.catalog)

    return schema


def _limit(set_limit_value: Callable[..., None]) -> Callable[..., None]:
    """Superset's own, around a query with a limit that it does not read and would drop, such as FETCH FIRST.

    See apache/superset#27427.
    """
    from sqlglot import exp

    def limit(statement: Any, limit: int, *method: Any) -> None:
        own = statement._parsed.args.get("limit")
        if own is not None and statement.get_limit_value() is None:
            inner = exp.Subquery(this=statement._parsed.copy(), alias=exp.to_identifier("limited"))
            statement._parsed = exp.select("*").from_(inner)
        set_limit_value(statement, limit, *method)

    return limit


def _keep(set_query_limit: Callable[..., None]) -> Callable[..., None]:
    """Superset's own, kept: the query runs in a session of its own, which sees only what is committed."""
    from superset.extensions import db

    def keep(command: Any, rendered_query: str) -> None:
        set_query_limit(command, rendered_query)
        db.session.commit()

    return keep


def _fail(run: Callable[..., Any]) -> Callable[..., Any]:
    """Superset's own; what is refused is kept as failed, or its history would say for ever that it runs."""
    from superset.extensions import db

    def fail(command: Any) -> Any:
        try:
            return run(command)
        except Exception:
            if db.session.is_active:
                db.session.commit()
            raise

    return fail


def _stop(stop_query: Callable[[str], None]) -> Callable[[str], None]:
    """Superset's own, once the query has started: a Stop right after Run found none, or none that could be ended.

    See apache/superset#17011; apache/superset#43889 is not in 6.1.
    """

    def stop(client_id: str) -> None:
        deadline = time.monotonic() + _START
        while _starts(client_id) and time.monotonic() < deadline:
            time.sleep(_LOOK)
        stop_query(client_id)

    return stop


def _starts(client_id: str) -> bool:
    """Whether a query is not known yet, or waits, or runs without a process of the database to its name."""
    from superset.common.db_query_status import QueryStatus
    from superset.constants import QUERY_CANCEL_KEY
    from superset.extensions import db
    from superset.models.sql_lab import Query

    known = db.session.query(Query).filter_by(client_id=client_id)
    query = known.populate_existing().one_or_none()  # as others have left it by now
    if query is None:
        return True
    return query.status in (QueryStatus.PENDING, QueryStatus.RUNNING) and QUERY_CANCEL_KEY not in query.extra


def _end(_: Any, cursor: Any, query: Any, cancel_query_id: str) -> bool:
    """End a running query of SQL Lab. Its own role may end none, or analysts could end each other's.

    ``lgs_superset`` may, where the metadata lies on the same server; elsewhere a query ends at its limit of time.
    """
    from sqlalchemy import text
    from superset.extensions import db

    end = """
        select pg_terminate_backend(pid) from pg_stat_activity
        where pid = :pid and usename = :role and pg_has_role('pg_signal_backend', 'member')"""
    asked = {"pid": int(cancel_query_id), "role": query.database.url_object.username}
    return bool(db.session.execute(text(end), asked).scalar())


def _offer(response: Any) -> Any:
    """A new tab of SQL Lab takes the first of these connections, so it gets only those that are open to SQL Lab."""
    from flask import request

    if request.path == "/api/v1/sqllab/" and response.status_code == HTTPStatus.OK:
        body = response.get_json()
        known = body["result"].get("databases") or {}
        body["result"]["databases"] = {number: one for number, one in known.items() if one.get("expose_in_sqllab")}
        response.set_data(json.dumps(body))
    return response


def _say_what_is_cut(response: Any) -> Any:
    """In the name of the file: a line of its own would trip up whatever reads the file. The page says it by itself."""
    from flask import request
    from superset.extensions import db
    from superset.models.sql_lab import Query

    found = _EXPORT.fullmatch(request.path)
    if found and response.status_code == HTTPStatus.OK:
        query = db.session.query(Query).filter_by(client_id=found[1]).one_or_none()
        if query is not None and query.limiting_factor in _CUT and query.rows == query.limit:
            name = re.sub(r"[^A-Za-z0-9_ ()-]+", " ", query.name or "query").strip()
            response.headers["Content-Disposition"] = f'attachment; filename="{name}, first {query.rows:,} rows.csv"'
    return response
