"""From a chart spec to Superset's native ``params`` and ``query_context``.

The keys of ``params`` are those of Superset's control panels; there is no server-side schema, a wrong key is silently
ignored. So each kind of chart is written here once, and a test draws every published chart in a browser.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from bootstrap.assets import formats
from bootstrap.assets.cards import scores
from bootstrap.assets.spec import Chart, Slice, Where
from bootstrap.semantic.spec import Column, Layer, Metric, Twin

Native = dict[str, Any]

TYPES = {
    "area": "echarts_area",
    "bar": "echarts_timeseries_bar",
    "bubble": "bubble_v2",
    "cards": "handlebars",
    "heatmap": "heatmap_v2",
    "kpi": "big_number_total",
    "line": "echarts_timeseries_line",
    "mixed": "mixed_timeseries",
    "pie": "pie",
    "pivot": "pivot_table_v2",
    "scores": "handlebars",
    "table": "table",
    "treemap": "treemap_v2",
    "trend": "big_number",
}
NATIVE: dict[str, Native] = yaml.safe_load(Path(__file__).with_name("native.yml").read_text(encoding="utf-8"))
"""What Superset is told of every chart of a kind."""

AXIS = {"area", "bar", "line", "mixed", "trend"}
_TRUTH = "is_"


def _filter(condition: Where) -> Native:
    if condition.sql:
        return {"clause": "WHERE", "expressionType": "SQL", "sqlExpression": condition.sql}
    comparator = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": condition.column,
        "operator": condition.op,
        "comparator": comparator,
    }


def _time_binding(column: str) -> Native:
    """Without this filter a dashboard's time range shows as applied to the chart, and does nothing."""
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": column,
        "operator": "TEMPORAL_RANGE",
        "comparator": "No filter",
    }


def dimension(item: str | Slice, twin: Twin) -> str | Native:
    """A column by its name; one of truth values as Yes and No, under its label."""
    if isinstance(item, Slice):
        return _adhoc(item)
    if not item.startswith(_TRUTH):
        return item
    return _adhoc(Slice(label=twin.labels[item], sql=f"case when {item} then 'Yes' when not {item} then 'No' end"))


def _adhoc(item: Slice) -> Native:
    return {"expressionType": "SQL", "label": item.label, "sqlExpression": item.sql}


def _x(chart: Chart, twin: Twin) -> str | Native | None:
    return dimension(chart.x, twin) if chart.x else None


def _by(chart: Chart, twin: Twin) -> list[str | Native]:
    return [dimension(item, twin) for item in chart.by]


def filters(chart: Chart, twin: Twin) -> list[Native]:
    return ([_time_binding(twin.time)] if twin.time else []) + [_filter(condition) for condition in chart.where]


def _format(metric: Metric) -> Native:
    return {"y_axis_format": formats.number(metric), "currency_format": formats.currency(metric)}


def _axis_format(metric: Metric) -> Native:
    return {"y_axis_format": formats.axis(metric), "currency_format": formats.currency(metric)}


def _axis_titles(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    """Words for both axes; months need none, nor has the axis of lying bars room for one."""
    x = chart.x.label if isinstance(chart.x, Slice) else twin.labels.get(chart.x or "", "")
    shown = x if chart.x != twin.time and chart.params.get("orientation") != "horizontal" else ""
    return formats.titles(shown, metrics[: len(chart.metrics)])


def _axis(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    temporal = chart.x is not None and chart.x == twin.time
    return (
        NATIVE["axis"]
        | {
            "x_axis": _x(chart, twin),
            "time_grain_sqla": "P1M" if temporal else None,
            "xAxisLabelRotation": 45 if temporal else 0,  # the last two would touch
            "metrics": list(chart.metrics),
            "groupby": _by(chart, twin),
            "showTooltipTotal": bool(chart.by) and len(chart.metrics) == 1 and metrics[0].additive,
            "show_legend": bool(chart.by) or len(chart.metrics) + len(chart.more_metrics) > 1,
        }
        | _axis_titles(chart, twin, metrics)
        | _axis_format(metrics[0])
    )


def _trend(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    return NATIVE["trend"] | {"metric": chart.metrics[0], "x_axis": _x(chart, twin)} | _format(metrics[0])


def _mixed(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    second = next(metric for metric in metrics if metric.name in chart.more_metrics)
    return (
        _axis(chart, twin, metrics)
        | NATIVE["mixed"]
        | {
            "metrics_b": list(chart.more_metrics),
            "adhoc_filters_b": filters(chart, twin),
            "y_axis_format_secondary": formats.axis(second),
            "currency_format_secondary": formats.currency(second),
        }
    )


def _kpi(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    return NATIVE["kpi"] | {"metric": chart.metrics[0]} | _format(metrics[0])


def _pie(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    return NATIVE["pie"] | {
        "metric": chart.metrics[0],
        "groupby": _by(chart, twin),
        "number_format": formats.number(metrics[0]),
        "currency_format": formats.currency(metrics[0]),
    }


def _treemap(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    return NATIVE["treemap"] | {
        "metric": chart.metrics[0],
        "groupby": _by(chart, twin),
        "number_format": formats.number(metrics[0]),
        "currency_format": formats.currency(metrics[0]),
    }


def _heatmap(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    return (
        NATIVE["heatmap"]
        | {
            "metric": chart.metrics[0],
            "x_axis": _x(chart, twin),
            "groupby": _by(chart, twin)[0],
        }
        | _format(metrics[0])
    )


def _bubble(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    x, y, size = chart.metrics
    axes = {"xAxisFormat": formats.number(metrics[0]), "y_axis_format": formats.number(metrics[1])}
    return (
        NATIVE["bubble"]
        | {
            "entity": chart.by[0],
            "series": chart.by[-1],
            "x": x,
            "y": y,
            "size": size,
            "x_axis_label": metrics[0].label,
            "y_axis_label": metrics[1].label,
        }
        | axes
    )


def _shown(chart: Chart, twin: Twin) -> dict[str, str | Native]:
    """Its columns by name, as Superset is asked for them.

    On a paged list a column that has a metric's name goes under its label: Superset would sort by the metric, and group
    all rows for it.
    """
    labels = {column.name: column.label for column in twin.columns if chart.paged and column.name in twin.metrics}
    return {
        name: _adhoc(Slice(label=labels[name], sql=name)) if name in labels else dimension(name, twin)
        for name in chart.columns
    }


def _label(item: str | Native) -> str:
    return item if isinstance(item, str) else str(item["label"])


def _number(item: Column | Metric) -> Native:
    return {"d3NumberFormat": formats.number(item), "currencyFormat": formats.currency(item)}


def _column_config(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    config: Native = {}
    labels = {name: _label(item) for name, item in _shown(chart, twin).items()}
    for column in twin.columns:
        if column.name in (*chart.columns, *chart.by):
            key = labels.get(column.name, column.name)
            if column.role == "time":
                config[key] = {"d3TimeFormat": column.format or "%b %Y"}
            elif column.format and column.role == "measure":
                config[key] = _number(column)
    for metric in metrics:
        config[metric.name] = _number(metric)
    return config


def _table(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    shown = _shown(chart, twin)
    order = [_label(shown.get(chart.sort.by, chart.sort.by)), not chart.sort.descending] if chart.sort else []
    return NATIVE["table"] | {
        "query_mode": "raw" if chart.columns else "aggregate",
        "all_columns": list(shown.values()),
        "groupby": _by(chart, twin),
        "metrics": list(chart.metrics),
        "order_by_cols": [json.dumps(order)] if chart.columns and chart.sort else [],
        "timeseries_limit_metric": chart.sort.by if chart.sort and not chart.columns else None,
        "order_desc": chart.sort.descending if chart.sort else True,
        "column_config": _column_config(chart, twin, metrics),
        "server_pagination": chart.paged,
    }


def _cards(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    return _table(chart, twin, metrics) | {"handlebarsTemplate": chart.template, "styleTemplate": ""}


def _scores(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    return _table(chart, twin, metrics) | {"handlebarsTemplate": scores(metrics), "styleTemplate": ""}


def _pivot(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    return NATIVE["pivot"] | {
        "groupbyRows": _by(chart, twin),
        "groupbyColumns": [_x(chart, twin)] if chart.x else [],
        "metrics": list(chart.metrics),
        "valueFormat": formats.number(metrics[0]),
        "currency_format": formats.currency(metrics[0]),
    }


_PARAMS: dict[str, Callable[[Chart, Twin, list[Metric]], Native]] = {
    "area": _axis,
    "bar": _axis,
    "bubble": _bubble,
    "cards": _cards,
    "heatmap": _heatmap,
    "kpi": _kpi,
    "line": _axis,
    "mixed": _mixed,
    "pie": _pie,
    "pivot": _pivot,
    "scores": _scores,
    "table": _table,
    "treemap": _treemap,
    "trend": _trend,
}


def params(chart: Chart, layer: Layer) -> Native:
    """The native form data, without the dataset's id, which Superset fills in."""
    twin = layer.twin(chart.dataset)
    metrics = [layer.metrics[name] for name in (*chart.metrics, *chart.more_metrics)]
    common: Native = NATIVE["all"] | {
        "viz_type": TYPES[chart.viz],
        "adhoc_filters": filters(chart, twin),
        "row_limit": chart.limit,
    }
    return common | _PARAMS[chart.viz](chart, twin, metrics) | chart.params


def _dimensions(chart: Chart, native: Native, twin: Twin) -> list[Any]:
    if chart.viz in AXIS and chart.x:
        slice_ = chart.x if isinstance(chart.x, Slice) else Slice(label=chart.x, sql=chart.x)
        grain = native.get("time_grain_sqla")
        axis = {"columnType": "BASE_AXIS", "timeGrain": grain, **_adhoc(slice_)}
        return [axis, *_by(chart, twin)]
    return [*native.get("all_columns", []), *([_x(chart, twin)] if chart.x else []), *_by(chart, twin)]


def _conditions(native: Native) -> Native:
    simple = [item for item in native["adhoc_filters"] if item["expressionType"] == "SIMPLE"]
    where = " AND ".join(f"({item['sqlExpression']})" for item in native["adhoc_filters"] if "sqlExpression" in item)
    return {
        "filters": [{"col": item["subject"], "op": item["operator"], "val": item["comparator"]} for item in simple],
        "extras": {"having": "", "where": where},
    }


def _query(chart: Chart, native: Native, twin: Twin, metrics: tuple[str, ...]) -> Native:
    sort = [[chart.sort.by, not chart.sort.descending]] if chart.sort else []
    raw = [json.loads(order) for order in native.get("order_by_cols", [])]
    first = [[metrics[0], False]] if metrics and chart.viz not in AXIS else []
    query = NATIVE["query"] | {
        "columns": _dimensions(chart, native, twin),
        "metrics": list(metrics) or None,
        "orderby": raw or sort or first,
        "row_limit": native["row_limit"],
    }
    if chart.viz in AXIS:
        query["series_columns"] = _by(chart, twin)
    return query | _conditions(native)


def _page(query: Native) -> list[Native]:
    """The first page and the number of all rows, as the table asks for them."""
    return [
        query | {"row_limit": NATIVE["table"]["server_page_length"], "row_offset": 0},
        query | {"row_offset": 0, "is_rowcount": True},
    ]


def query_context(chart: Chart, layer: Layer) -> str:
    """The saved data request: what reports, exports and the check after publishing ask for. JSON text."""
    native = params(chart, layer)
    halves = [half for half in (chart.metrics, chart.more_metrics) if half] or [()]
    queries = [_query(chart, native, layer.twin(chart.dataset), half) for half in halves]
    context = {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": _page(queries[0]) if chart.paged else queries,
        "form_data": native,
        "result_format": "json",
        "result_type": "full",
    }
    return json.dumps(context, sort_keys=True, ensure_ascii=False)
