"""What SQL Lab leaves open: the connection of a new tab, the limit of a query, what is cut, and a Stop that ends it.

For Superset's FLASK_APP_MUTATOR, as ``bootstrap.server.pages``.
"""

import json
import re
import time
from collections.abc import Callable
from functools import partial, partialmethod
from http import HTTPStatus
from typing import Any

from flask import request
from sqlalchemy import text
from sqlglot import exp
from superset.common.db_query_status import QueryStatus
from superset.constants import QUERY_CANCEL_KEY
from superset.extensions import db

_EXPORT = re.compile(r"/api/v1/sqllab/export/([^/]+)/?")
_CUT = ("DROPDOWN", "QUERY_AND_DROPDOWN")  # of Superset's LimitingFactor; a LIMIT in the query was asked for
_START = 10.0  # seconds in which a query that is to be stopped must have started
_LOOK = 0.1  # seconds between two looks at it


def prepare(app: Any) -> None:
    """Add them to the Flask application."""
    from superset.commands.sql_lab.execute import ExecuteSqlCommand as Command
    from superset.daos.query import QueryDAO
    from superset.db_engine_specs.postgres import PostgresEngineSpec as Spec
    from superset.sql.parse import SQLStatement

    Spec.get_default_schema_for_query = classmethod(partial(_default_schema, Spec.get_default_schema_for_query))
    Spec.cancel_query = classmethod(_end)
    SQLStatement.set_limit_value = partialmethod(_limit, SQLStatement.set_limit_value)
    Command._set_query_limit_if_required = partialmethod(_keep, Command._set_query_limit_if_required)
    Command._run_sql_json_exec_from_scratch = partialmethod(_fail, Command._run_sql_json_exec_from_scratch)
    QueryDAO.stop_query = staticmethod(partial(_stop, QueryDAO.stop_query))
    app.after_request(_offer)
    app.after_request(_say_what_is_cut)


def _default_schema(own: Callable[..., Any], _: Any, database: Any, query: Any, *more: Any, **options: Any) -> Any:
    """Superset's own, or the connection's first schema: names without one were refused until somebody chose one."""
    return own(database, query, *more, **options) or database.get_default_schema(query.catalog)


def _limit(statement: Any, own: Callable[..., None], limit: int, *method: Any) -> None:
    """Superset's own, around a query with a limit that it does not read and would drop, such as FETCH FIRST.

    See apache/superset#27427.
    """
    if statement._parsed.args.get("limit") is not None and statement.get_limit_value() is None:
        inner = exp.Subquery(this=statement._parsed.copy(), alias=exp.to_identifier("limited"))
        statement._parsed = exp.select("*").from_(inner)
    own(statement, limit, *method)


def _keep(command: Any, own: Callable[..., None], rendered_query: str) -> None:
    """Superset's own, kept: the query runs in a session of its own, which sees only what is committed."""
    own(command, rendered_query)
    db.session.commit()


def _fail(command: Any, own: Callable[..., Any]) -> Any:
    """Superset's own; what is refused is kept as failed, or its history would say for ever that it runs."""
    try:
        return own(command)
    except Exception:
        if db.session.is_active:
            db.session.commit()
        raise


def _stop(own: Callable[[str], None], client_id: str) -> None:
    """Superset's own, once the query has started: a Stop right after Run found none, or none that could be ended.

    See apache/superset#17011; apache/superset#43889 is not in 6.1.
    """
    deadline = time.monotonic() + _START
    while _starts(client_id) and time.monotonic() < deadline:
        time.sleep(_LOOK)
    own(client_id)


def _starts(client_id: str) -> bool:
    """Whether a query is not known yet, or waits, or runs without a process of the database to its name."""
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
    end = """
        select pg_terminate_backend(pid) from pg_stat_activity
        where pid = :pid and usename = :role and pg_has_role('pg_signal_backend', 'member')"""
    asked = {"pid": int(cancel_query_id), "role": query.database.url_object.username}
    return bool(db.session.execute(text(end), asked).scalar())


def _offer(response: Any) -> Any:
    """A new tab of SQL Lab takes the first of these connections, so it gets only those that are open to SQL Lab."""
    if request.path == "/api/v1/sqllab/" and response.status_code == HTTPStatus.OK:
        body = response.get_json()
        known = body["result"].get("databases") or {}
        body["result"]["databases"] = {number: one for number, one in known.items() if one.get("expose_in_sqllab")}
        response.set_data(json.dumps(body))
    return response


def _say_what_is_cut(response: Any) -> Any:
    """In the name of the file: a line of its own would trip up whatever reads the file. The page says it by itself."""
    from superset.models.sql_lab import Query

    found = _EXPORT.fullmatch(request.path)
    if found and response.status_code == HTTPStatus.OK:
        query = db.session.query(Query).filter_by(client_id=found[1]).one_or_none()
        if query is not None and query.limiting_factor in _CUT and query.rows == query.limit:
            name = re.sub(r"[^A-Za-z0-9_ ()-]+", " ", query.name or "query").strip()
            response.headers["Content-Disposition"] = f'attachment; filename="{name}, first {query.rows:,} rows.csv"'
    return response
