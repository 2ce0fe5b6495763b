"""From a chart spec to Superset's native ``params`` and ``query_context``.

The keys of ``params`` are those of Superset's control panels; there is no server-side schema, a wrong key is silently
ignored. So each kind of chart is written once, in ``native.yml``, and a test draws every published chart in a browser.
"""

import json
from typing import Any

from bootstrap.assets import formats
from bootstrap.assets.native import CHARTS, Native, filled
from bootstrap.assets.spec import Chart, Slice, Where
from bootstrap.project import current
from bootstrap.semantic.spec import Column, Layer, Metric, Twin
from bootstrap.templates import render

AXIS = {"area", "bar", "line", "mixed", "trend"}
_TRUTH = "is_"


def _condition(column: str | None, operator: str, value: object) -> Native:
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": column,
        "operator": operator,
        "comparator": list(value) if isinstance(value, tuple) else value,
    }


def _filter(where: Where) -> Native:
    if where.sql:
        return {"clause": "WHERE", "expressionType": "SQL", "sqlExpression": where.sql}
    return _condition(where.column, where.op, where.value)


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
    """Those of the spec; without one on time, a dashboard's range shows as applied to the chart, and does nothing."""
    of_time = [_condition(twin.time, "TEMPORAL_RANGE", "No filter")] if twin.time else []
    return of_time + [_filter(where) for where in chart.where]


def _axis(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    """The x axis, whose title months do not need, nor have lying bars room for one; and what stands around the plot."""
    temporal = chart.x is not None and chart.x == twin.time
    title = chart.x.label if isinstance(chart.x, Slice) else twin.labels.get(chart.x or "", "")
    if temporal or chart.params.get("orientation") == "horizontal":
        title = ""
    return {
        "grain": "P1M" if temporal else None,
        "rotation": 45 if temporal else 0,  # the last two would touch
        "x_title": title,
        "x_margin": 30 if title else 0,
        "total": bool(chart.by) and len(chart.metrics) == 1 and metrics[0].additive,
        "legend": bool(chart.by) or len(metrics) > 1,
    }


def _measures(chart: Chart, metrics: list[Metric]) -> Native:
    more = metrics[len(chart.metrics) :]
    return {
        "metrics": list(chart.metrics),
        "labels": [metric.label for metric in metrics],
        "titles": [formats.title(metric, alone=len(chart.metrics) == 1) for metric in metrics],
        "numbers": [formats.number(metric) for metric in metrics],
        "axis_numbers": [formats.axis(metric) for metric in metrics],
        "currencies": [formats.currency(metric) for metric in metrics],
        "more_metrics": list(chart.more_metrics),
        "more_axis_numbers": [formats.axis(metric) for metric in more],
        "more_currencies": [formats.currency(metric) for metric in more],
    }


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


def _rows(chart: Chart, twin: Twin, metrics: list[Metric]) -> Native:
    shown = _shown(chart, twin)
    order = [_label(shown.get(chart.sort.by, chart.sort.by)), not chart.sort.descending] if chart.sort else []
    return {
        "mode": "raw" if chart.columns else "aggregate",
        "columns": list(shown.values()),
        "order": [json.dumps(order)] if chart.columns and chart.sort else [],
        "sort": chart.sort.by if chart.sort and not chart.columns else None,
        "descending": chart.sort.descending if chart.sort else True,
        "column_config": _column_config(chart, twin, metrics),
        "paged": chart.paged,
        "template": scores(metrics) if chart.viz == "scores" else chart.template,
    }


def scores(metrics: list[Metric]) -> str:
    """The Handlebars text of key figures as cards, over rows with ``month``, ``months_ago`` and the metrics."""
    locale = current().locale.replace("_", "-")  # as browsers write it
    lines = render("scores.hbs", metrics=metrics, locale=locale, affixes=current().affixes).splitlines()
    return "".join(line.strip(" ") for line in lines)


def params(chart: Chart, layer: Layer) -> Native:
    """The native form data, without the dataset's id, which Superset fills in."""
    twin = layer.twin(chart.dataset)
    metrics = [layer.metrics[name] for name in (*chart.metrics, *chart.more_metrics)]
    values = {
        "filters": filters(chart, twin),
        "limit": chart.limit,
        "x": _x(chart, twin),
        "across": [_x(chart, twin)] if chart.x else [],
        "by": _by(chart, twin),
        "names": chart.by,
        **_axis(chart, twin, metrics),
        **_measures(chart, metrics),
        **_rows(chart, twin, metrics),
    }
    return filled(CHARTS["all"] | CHARTS[chart.viz], values) | chart.params


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
    query = CHARTS["query"] | {
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
        query | {"row_limit": CHARTS["table"]["server_page_length"], "row_offset": 0},
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
