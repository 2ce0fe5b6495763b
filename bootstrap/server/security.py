"""Superset's security manager and query hook: SQL Lab reads, through its own connection alone.

``raise_for_access`` refuses before anything runs and covers all statements of a query; ``only_read`` sees every SQL
text that Superset sends, charts and virtual datasets included, rendered as it will run.
"""

from collections.abc import Callable
from functools import partialmethod
from typing import Any, cast

from superset.errors import ErrorLevel, SupersetError, SupersetErrorType
from superset.exceptions import SupersetSecurityException
from superset.extensions import security_manager
from superset.security import SupersetSecurityManager
from superset.utils.core import get_user_id

from bootstrap.server.statements import refusal

_UNREADABLE = "Your role may not read this table. Owning a dataset of it changes nothing."
_ELSEWHERE = "This connection serves the dashboards and is not open to SQL Lab. Choose the connection for SQL Lab."


class SecurityManager(SupersetSecurityManager):  # type: ignore[misc]  # Superset has no types
    """Superset's own, which also judges what SQL Lab is asked to run."""

    def raise_for_access(self, *args: Any, **options: Any) -> None:
        query: Any = options.get("query")
        in_sql_lab = hasattr(query, "sql_editor_id")
        sql: Any = query.sql if in_sql_lab else options.get("sql")
        database: Any = query.database if in_sql_lab else options.get("database")
        if database is not None and sql:
            only_read(sql, database=database)
        datasource = options.get("datasource") or getattr(options.get("query_context"), "datasource", None)
        if datasource is not None and self._only_owned(datasource):
            raise _refused(_UNREADABLE)
        if self._own_query(datasource):
            self.raise_for_access(query=datasource)
            return
        super().raise_for_access(*args, **options)
        if in_sql_lab and not database.expose_in_sqllab:
            raise _refused(_ELSEWHERE)

    def _own_query(self, datasource: Any) -> bool:
        """Whether a chart is drawn of a query that its author ran: they may, where they may run it.

        Superset asks for the whole connection there, since it compares a query's schema under another name
        (apache/superset#42389).
        """
        return hasattr(datasource, "sql_editor_id") and datasource.user_id == get_user_id()

    def _only_owned(self, datasource: Any) -> bool:
        """Whether somebody made a dataset of a table that they may not read: Superset checks that only for SQL."""
        table = getattr(datasource, "type", None) == "table" and not datasource.sql
        return bool(
            table
            and not self.is_admin()
            and self.is_owner(datasource)
            and not self.can_access_schema(datasource)
            and not self.can_access("datasource_access", datasource.perm or "")
        )


def only_read(sql: str, *, database: Any = None, **_: Any) -> str:
    """The SQL as it is. Raises Superset's security exception when it does more than read."""
    if database is not None and database.backend == "postgresql" and not database.allow_dml and (why := refusal(sql)):
        raise _refused(why)
    return sql


def prepare(app: Any) -> None:
    """Superset's list of functions would answer first, naming all of its twenty; and an export tells addresses."""
    from superset.models.core import Database

    Database.export_to_dict = partialmethod(_without_address, Database.export_to_dict)
    app.config["DISALLOWED_SQL_FUNCTIONS"] = app.config["DISALLOWED_SQL_FUNCTIONS"] | {"postgresql": set()}


def _without_address(
    database: Any, export_to_dict: Callable[..., dict[str, Any]], *args: Any, **options: Any
) -> dict[str, Any]:
    """Superset's own; who may not see where a connection leads finds only its kind in an export."""
    exported = export_to_dict(database, *args, **options)
    if "sqlalchemy_uri" in exported and not security_manager.is_admin():
        exported["sqlalchemy_uri"] = f"{database.url_object.drivername}://"
    return exported


def _refused(why: str) -> Exception:
    error = SupersetError(why, SupersetErrorType.QUERY_SECURITY_ACCESS_ERROR, ErrorLevel.ERROR)
    return cast(Exception, SupersetSecurityException(error))
