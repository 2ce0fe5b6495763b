"""One column on a phone: Superset draws a chart as wide as its part of the row, however narrow the screen is.

That is apache/superset#20718. Nor do its pages say that they fit a narrow screen, so that a phone shows them as if it
were 980 pixels wide. For Superset's FLASK_APP_MUTATOR, as ``bootstrap.server.pages``. Who may change a
dashboard gets it as it is, since what the page got is what it saves.
"""

import json
import re
from http import HTTPStatus
from typing import Any

from flask import request
from superset.extensions import security_manager
from superset.utils.core import get_user_id

from bootstrap.server.pages import DASHBOARD

_CHARTS = re.compile(r"/api/v1/dashboard/[^/]+/charts/?")
_WIDTH = "Sec-CH-Viewport-Width"  # of Chromium, in CSS pixels; others only say Mobi
_NARROW = 760  # pixels; the style sheet of a dashboard has the same limit
_ALL = 12  # columns of Superset's grid

_VIEWPORT = '<head><meta name="viewport" content="width=device-width, initial-scale=1">'

Layout = dict[str, Any]


def prepare(app: Any) -> None:
    """Add it to the Flask application."""
    app.after_request(_ask_for_width)
    app.after_request(_stack)
    app.after_request(_put_legends_on_top)


def _ask_for_width(response: Any) -> Any:
    if response.mimetype == "text/html":
        response.headers["Accept-CH"] = _WIDTH
        if not response.direct_passthrough and not response.is_streamed:
            response.set_data(response.get_data(as_text=True).replace("<head>", _VIEWPORT, 1))
    return response


def _on_phone(pattern: re.Pattern[str], response: Any) -> bool:
    if request.method != "GET" or not pattern.fullmatch(request.path):
        return False
    response.vary.update((_WIDTH, "User-Agent"))
    width = request.headers.get(_WIDTH, "")
    narrow = int(width) <= _NARROW if width.isdecimal() else "Mobi" in request.user_agent.string
    return narrow and response.status_code == HTTPStatus.OK


def _stack(response: Any) -> Any:
    if _on_phone(DASHBOARD, response):
        body = response.get_json()
        owners = {owner["id"] for owner in body["result"].get("owners") or []}
        position = body["result"].get("position_json")
        may_change = security_manager.is_admin() or get_user_id() in owners
        if position and not may_change:
            body["result"]["position_json"] = json.dumps(one_column(json.loads(position)))
            response.set_data(json.dumps(body))
    return response


def one_column(layout: Layout) -> Layout:
    """The layout with each component of a row in a row of its own, twelve columns wide."""
    parts = {key: part for key, part in layout.items() if isinstance(part, dict)}
    rows = {key: part for key, part in parts.items() if part["type"] == "ROW" and len(part["children"]) > 1}
    own = {
        f"{key}-{child}": {**row, "id": f"{key}-{child}", "children": [child]}
        for key, row in rows.items()
        for child in row["children"]
    }
    stacked = {key: part for key, part in {**layout, **own}.items() if key not in rows}
    return {key: _wide(part, rows) if isinstance(part, dict) else part for key, part in stacked.items()}


def _wide(part: Layout, rows: dict[str, Layout]) -> Layout:
    meta = part.get("meta") or {}
    children = [
        name
        for child in part.get("children", [])
        for name in ([f"{child}-{one}" for one in rows[child]["children"]] if child in rows else [child])
    ]
    wide = {"meta": meta | {"width": _ALL}} if "width" in meta else {}
    return {**part, **({"children": children} if "children" in part else {}), **wide}


def _put_legends_on_top(response: Any) -> Any:
    """Beside a chart of a phone's width, a legend leaves the chart no room."""
    if _on_phone(_CHARTS, response):
        body = response.get_json()
        for chart in body["result"]:
            if "legendOrientation" in chart["form_data"]:
                chart["form_data"]["legendOrientation"] = "top"
        response.set_data(json.dumps(body))
    return response
