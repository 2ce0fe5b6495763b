"""What Superset's own pages and downloads leave open: where people land, what a file is called, how single rows read.

For Superset's FLASK_APP_MUTATOR. All act on requests and responses; the front end stays as it is.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import current_app, redirect, request
from flask_login import current_user

_STRING, _TEMPORAL, _BOOLEAN = 1, 2, 3  # of Superset's GenericDataType
_DAY = 86_400_000  # milliseconds
_HOME = ("/", "/superset/welcome/")
_SHOWN = 3  # values of a filter in a file name
_LONGEST = 150  # characters of a file name
DASHBOARD = re.compile(r"/api/v1/dashboard/[^/_][^/]*")
_NEEDLESS = re.compile(r"PUT /api/v1/dashboard/[^/]+/colors/?|GET /api/v1/database/\d+/table_metadata/extra/?")
_NO_SQL_LAB = '<style>[data-menu-id$="-run_in_sql_lab"] { display: none !important }</style></head>'
_FORECAST = "`prophet` package"


def prepare(app: Any) -> None:
    """Add them to the Flask application."""
    app.before_request(_land)
    app.after_request(_name_download)
    app.after_request(_put_in_words)
    app.after_request(_colour)
    app.after_request(_pass_over)
    app.after_request(_explain)
    app.after_request(_leave_out_sql_lab)


def _land() -> Any:
    """Who is no administrator comes from the start page to the dashboard."""
    if request.path not in _HOME or not current_user.is_authenticated:
        return None
    administers = any(role.name == "Admin" for role in current_user.roles)
    return None if administers else redirect(f"/superset/dashboard/{current_app.config['LANDING_DASHBOARD']}/")


def _put_in_words(response: Any) -> Any:
    """In the rows behind a chart, labels for columns, Yes and No for truth values, and no midnight behind a day."""
    if request.path == "/datasource/samples" and response.status_code == HTTPStatus.OK:
        body = response.get_json()
        labels = _labels(request.args.get("datasource_id", type=int))
        response.set_data(json.dumps(body | {"result": worded(body["result"], labels)}))
    return response


def _colour(response: Any) -> Any:
    """Give every dashboard the colours of the project's labels; those that a person chose on it come first."""
    if request.method == "GET" and DASHBOARD.fullmatch(request.path) and response.status_code == HTTPStatus.OK:
        body = response.get_json()
        metadata = json.loads(body["result"].get("json_metadata") or "{}")
        metadata["label_colors"] = current_app.config["LABEL_COLORS"] | (metadata.get("label_colors") or {})
        body["result"]["json_metadata"] = json.dumps(metadata)
        response.set_data(json.dumps(body))
    return response


def _pass_over(response: Any) -> Any:
    """What the front end asks for although the person may not: nothing is given or saved, and no error is shown.

    A dashboard saves its colours when it is left, also of those who may only look; and Explore asks for partitions.
    """
    asked = f"{request.method} {request.path}"
    if response.status_code == HTTPStatus.FORBIDDEN and _NEEDLESS.fullmatch(asked):
        response.status_code = HTTPStatus.OK
        response.set_data(json.dumps({"result": {}}))
    return response


def _explain(response: Any) -> Any:
    """Explore offers a forecast without the package for it, and names only that (apache/superset#29634)."""
    if response.status_code == HTTPStatus.BAD_REQUEST and response.is_json and _FORECAST in response.get_data(True):
        said = "Forecasts are not available in Explore. Untick Enable forecast under Predictive Analytics."
        response.set_data(json.dumps({"message": said, "errors": []}))
    return response


def _leave_out_sql_lab(response: Any) -> Any:
    """Explore's menu offers SQL Lab to everybody, and it then refuses those whose role has none."""
    from superset.extensions import security_manager

    page = (
        response.status_code == HTTPStatus.OK and response.mimetype == "text/html" and not response.direct_passthrough
    )
    if page and current_user.is_authenticated and not security_manager.can_access("menu_access", "SQL Lab"):
        response.set_data(response.get_data(as_text=True).replace("</head>", _NO_SQL_LAB, 1))
    return response


def _labels(dataset: int | None) -> dict[str, str]:
    from superset.connectors.sqla.models import SqlaTable
    from superset.extensions import db

    found = db.session.get(SqlaTable, dataset)
    return {column.column_name: column.verbose_name for column in found.columns if column.verbose_name} if found else {}


def worded(result: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    """A result of Superset under labels, with columns of truth values and of whole days turned into text."""
    names, types, rows = result["colnames"], result["coltypes"], result["data"]
    columns = [[row[name] for row in rows] for name in names]
    told = [_column(kind, values) for kind, values in zip(types, columns, strict=True)]
    shown = [labels.get(name, name) for name in names]
    if len(set(shown)) < len(shown):
        shown = names
    data = [dict(zip(shown, row, strict=True)) for row in zip(*(values for _, values in told), strict=True)]
    return result | {"colnames": shown, "coltypes": [kind for kind, _ in told], "data": data}


def _column(kind: int, values: list[Any]) -> tuple[int, list[Any]]:
    """The type of Superset and the values; dates come in milliseconds since 1970."""
    known = [value for value in values if value is not None]
    if kind == _BOOLEAN:
        return _STRING, [None if value is None else "Yes" if value else "No" for value in values]
    if kind == _TEMPORAL and known and all(isinstance(value, int | float) and not value % _DAY for value in known):
        return _STRING, [None if value is None else f"{_moment(value):%Y-%m-%d}" for value in values]
    return kind, values


def _moment(milliseconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def _name_download(response: Any) -> Any:
    """Call the file of a chart after the chart, the filters that acted on it and the day that the data reaches to."""
    disposition = response.headers.get("Content-Disposition", "")
    extension = re.fullmatch(r"attachment; filename=[^;]+\.(csv|xlsx|zip)", disposition)
    if extension and request.path == "/api/v1/chart/data" and (asked := _asked()):
        name = _file_name(asked.get("form_data") or {})
        if name:
            plain = name.encode("ascii", "ignore").decode()
            encoded = quote(f"{name}.{extension[1]}")
            value = f"attachment; filename=\"{plain}.{extension[1]}\"; filename*=UTF-8''{encoded}"
            response.headers["Content-Disposition"] = value
    return response


def _asked() -> dict[str, Any]:
    """The body of the request: JSON, or the field of a form that the browser posts."""
    try:
        body = request.get_json(silent=True) or json.loads(request.form.get("form_data", "null"))
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _file_name(form_data: dict[str, Any]) -> str:
    """Without its extension; empty for a chart that is not saved."""
    from superset.extensions import db
    from superset.models.slice import Slice

    number = form_data.get("slice_id")
    chart = db.session.get(Slice, number) if isinstance(number, int) else None
    if chart is None:
        return ""
    acted = (form_data.get("extra_form_data") or {}).get("filters") or []
    day = _as_of(chart.datasource)
    parts = [chart.slice_name.rstrip("?"), *filters(acted), *([f"as of {day}"] if day else [])]
    name = re.sub(r'[\x00-\x1f\\/:*?"<>|;]+', " ", ", ".join(parts))
    return name[:_LONGEST].strip(" .,")


def filters(acted: list[dict[str, Any]]) -> Iterator[str]:
    """In a few words each: the values chosen, and the months."""
    for item in acted:
        value = item.get("val")
        values = [_word(one, str(item.get("col"))) for one in (value if isinstance(value, list) else [value])]
        more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
        if item.get("op") == "<=":
            yield f"last {values[0]} months"
        else:
            yield " ".join(values[:_SHOWN]) + more


def _word(value: Any, column: str) -> str:
    """Superset sends dates in milliseconds since 1970."""
    if isinstance(value, int) and column.endswith("month"):
        return f"{_moment(value):%Y-%m}"
    return str(value)


def _as_of(datasource: Any) -> str:
    """The last day of the data; empty for a dataset that is none of the project's."""
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    if datasource is None or datasource.schema != "mart":
        return ""
    try:
        with datasource.database.get_sqla_engine() as engine, engine.connect() as connection:
            found = connection.execute(text(current_app.config["DATA_UNTIL"])).scalar()
    except SQLAlchemyError:
        return ""
    return found.isoformat()[:10] if found else ""
