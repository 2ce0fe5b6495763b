"""One form in which what the specs ask for and what Superset holds can be compared, key by key.

Superset's export rewrites ids, adds its own keys and leaves some out; here both sides lose what differs for no reason.
"""

import hashlib
import json
from typing import Any

from bootstrap.assets.native import OBJECTS, Native

_UNCOMPARED = {"databases": set(), "datasets": {"catalog", "cache_timeout"}, "charts": set(), "dashboards": set()}
FIELDS = {kind: OBJECTS[kind].keys() - OBJECTS["object"].keys() - fields for kind, fields in _UNCOMPARED.items()}
"""What is compared of each kind of asset."""
_COMPUTED = {"chartsInScope", "tabsInScope", "shared_label_colors", "map_label_colors"}  # by whoever looks at it


def digest(content: Native) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _except(value: Native, *names: str) -> Native:
    return {key: item for key, item in value.items() if key not in names}


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, names) for key, item in value.items() if key not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value


def _members(content: Native, part: str) -> Native:
    kind = part[:-1]
    name, *fields = OBJECTS[kind]
    return {row[name]: {field: row.get(field) or None for field in fields} for row in content.get(part) or []}


def _params(value: Native | None) -> Native:
    return _except(value or {}, "datasource", "annotation_layers", "slice_id")


def _query_context(value: str | None) -> Native | None:
    if not value:
        return None
    context: Native = json.loads(value)
    return {
        **_except(context, "datasource"),
        "form_data": _params(context.get("form_data")),
        "queries": [_except(query, "datasource") for query in context["queries"]],
    }


def _uuids(position: Native) -> dict[int, str]:
    nodes = [node for node in position.values() if isinstance(node, dict) and node.get("type") == "CHART"]
    return {node["meta"]["chartId"]: node["meta"]["uuid"] for node in nodes if "uuid" in node["meta"]}


def _named_scopes(value: Any, uuids: dict[int, str]) -> Any:
    """Ids in ``excluded`` lists become chart uuids, sorted: the order there means nothing."""
    if isinstance(value, dict):
        return {
            key: sorted(uuids.get(item, str(item)) for item in part)
            if key == "excluded"
            else _named_scopes(part, uuids)
            for key, part in value.items()
        }
    return [_named_scopes(item, uuids) for item in value] if isinstance(value, list) else value


def _metadata(value: Native, uuids: dict[int, str]) -> Native:
    found: Native = _named_scopes(_without(value, _COMPUTED), uuids)
    found["shared_label_colors"] = []  # Superset writes them when an administrator looks at the dashboard
    charts = found.get("chart_configuration") or {}
    found["chart_configuration"] = {
        uuids.get(int(key), key): _without(item, {"id"}) for key, item in charts.items() if key.isdigit()
    }
    return found


def _dashboard(content: Native) -> Native:
    position = content.get("position") or {}
    return {
        "position": _without(position, {"chartId"}),
        "metadata": _metadata(content.get("metadata") or {}, _uuids(position)),
    }


def _dataset(content: Native) -> Native:
    extra = content.get("extra") or {}
    return {
        "columns": _members(content, "columns"),
        "metrics": _members(content, "metrics"),
        "extra": extra | {"certification": _except(extra.get("certification") or {}, "details")},
    }


def _chart(content: Native) -> Native:
    return {
        "params": _params(content.get("params")),
        "query_context": _query_context(content.get("query_context")),
    }


_PARTS = {"datasets": _dataset, "charts": _chart, "dashboards": _dashboard}


def normal(kind: str, content: Native) -> Native:
    """The comparable form of an asset's content; ``kind`` is databases, datasets, charts or dashboards."""
    found = {field: content.get(field) for field in FIELDS[kind]}
    if kind in _PARTS:
        found |= _PARTS[kind](content)
    return {key: value or None if value in ({}, [], "") else value for key, value in found.items()}


_DEPTH = {"columns": 2, "metrics": 2, "params": 1, "metadata": 1, "extra": 2}


def differences(before: Native, after: Native) -> list[str]:
    """The fields that differ, such as ``metrics.sales.d3format``; what only follows from ``params`` is left out."""
    found = [path for key in sorted({*before, *after}) for path in _paths(key, before, after, _DEPTH.get(key, 0))]
    derived = any(path.startswith("params") for path in found)
    return [path for path in found if path != "query_context" or not derived]


def _paths(key: str, before: Native, after: Native, depth: int) -> list[str]:
    old, new = before.get(key), after.get(key)
    if old == new:
        return []
    if not depth or not isinstance(old, dict) or not isinstance(new, dict):
        return [key]
    return [f"{key}.{path}" for name in sorted({*old, *new}) for path in _paths(name, old, new, depth - 1)]
