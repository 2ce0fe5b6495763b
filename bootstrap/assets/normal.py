"""One form in which what the specs ask for and what Superset holds can be compared, key by key.

Superset's export rewrites ids, adds its own keys and leaves some out; here both sides lose what differs for no reason.
"""

import hashlib
import json
from typing import Any

Native = dict[str, Any]

_FIELDS = {
    "databases": (
        "database_name", "sqlalchemy_uri", "cache_timeout", "expose_in_sqllab", "allow_run_async", "allow_ctas",
        "allow_cvas", "allow_dml", "allow_csv_upload", "impersonate_user", "extra",
    ),
    "datasets": (
        "database_uuid", "table_name", "schema", "sql", "main_dttm_col", "currency_code_column", "description",
        "default_endpoint", "offset", "params", "template_params", "filter_select_enabled", "fetch_values_predicate",
        "extra", "normalize_columns", "always_filter_main_dttm", "columns", "metrics",
    ),
    "charts": (
        "dataset_uuid", "slice_name", "description", "certified_by", "viz_type", "params", "query_context",
        "cache_timeout",
    ),
    "dashboards": (
        "dashboard_title", "description", "css", "slug", "certified_by", "published", "position", "metadata",
    ),
}  # fmt: skip
_COLUMN = (
    "verbose_name", "description", "is_dttm", "is_active", "type", "advanced_data_type", "groupby", "filterable",
    "expression", "python_date_format", "datetime_format", "extra",
)  # fmt: skip
_METRIC = (
    "verbose_name", "expression", "metric_type", "description", "d3format", "currency", "warning_text", "extra",
)  # fmt: skip
_COMPUTED = {"chartsInScope", "tabsInScope", "shared_label_colors", "map_label_colors"}  # by whoever looks at it


def digest(content: Native) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, names) for key, item in value.items() if key not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value


def _members(rows: list[Native], name: str, fields: tuple[str, ...]) -> Native:
    return {row[name]: {field: row.get(field) or None for field in fields} for row in rows}


def _params(value: Native | None) -> Native:
    return {
        key: item for key, item in (value or {}).items() if key not in ("datasource", "annotation_layers", "slice_id")
    }


def _query_context(value: str | None) -> Native | None:
    if not value:
        return None
    context: Native = json.loads(value)
    return {
        **{key: item for key, item in context.items() if key != "datasource"},
        "form_data": _params(context.get("form_data")),
        "queries": [{key: item for key, item in query.items() if key != "datasource"} for query in context["queries"]],
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
    extra = dict(content.get("extra") or {})
    certification = dict(extra.get("certification") or {})
    certification.pop("details", None)
    return {
        "columns": _members(content.get("columns") or [], "column_name", _COLUMN),
        "metrics": _members(content.get("metrics") or [], "metric_name", _METRIC),
        "extra": extra | {"certification": certification},
    }


def normal(kind: str, content: Native) -> Native:
    """The comparable form of an asset's content; ``kind`` is databases, datasets, charts or dashboards."""
    found = {field: content.get(field) for field in _FIELDS[kind]}
    if kind == "datasets":
        found |= _dataset(content)
    if kind == "charts":
        found |= {
            "params": _params(content.get("params")),
            "query_context": _query_context(content.get("query_context")),
        }
    if kind == "dashboards":
        found |= _dashboard(content)
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
