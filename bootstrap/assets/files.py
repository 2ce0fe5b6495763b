"""Reads ``superset/`` into typed specs, and names file, line, field and the nearest valid name when one is wrong."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from bootstrap.assets.examples import load_examples
from bootstrap.assets.shapes import check_shape
from bootstrap.assets.spec import Access, Brand, Chart, Dashboard, Question, Report, Row, Specs
from bootstrap.project import filled
from bootstrap.semantic.document import Document, Model, Place, nearest
from bootstrap.semantic.spec import Layer, Twin

_SINGLE = ("access", "brand", "questions")
ADDRESS = re.compile(r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$")  # those that Superset takes

_TOTALS = {
    "rowTotals", "colTotals", "rowSubTotals", "colSubTotals", "showTooltipTotal", "show_total", "rolling_type",
    "cumsum", "resample_method", "contribution",
}  # fmt: skip
_METRICS = ("metric", "metrics", "metrics_b")
_ONE_VALUE = re.compile(r"min\((\w+)\) = max\(\1\)")  # of a metric that is empty over several values of a column


def _resolve(document: Document, name: str, known: Iterable[str], *, what: str, place: Place) -> None:
    """Raise ``SpecError`` with the nearest name unless ``name`` is known."""
    known = list(known)
    if name not in known:
        raise document.error(f'There is no {what} "{name}". {nearest(name, known)}', place)


def _datasets(layer: Layer) -> dict[str, Twin]:
    return {twin.name: twin for twin in layer.twins if twin.dataset}


def _columns(twin: Twin) -> list[str]:
    return [column.name for column in twin.columns]


def _check_chart(chart: Chart, document: Document, layer: Layer) -> None:
    datasets = _datasets(layer)
    _resolve(document, chart.dataset, datasets, what="dataset", place=["dataset"])
    twin = datasets[chart.dataset]
    metric, column = f"metric on {twin.name}", f"column in {twin.name}"
    for field, known, what in (
        ("metrics", twin.metrics, metric),
        ("more_metrics", twin.metrics, metric),
        ("by", _columns(twin), column),
        ("columns", _columns(twin), column),
    ):
        for index, name in enumerate(getattr(chart, field)):
            if isinstance(name, str):
                _resolve(document, name, known, what=what, place=[field, index])
    if isinstance(chart.x, str):
        _resolve(document, chart.x, _columns(twin), what=column, place=["x"])
    for index, condition in enumerate(chart.where):
        if condition.column:
            _resolve(document, condition.column, _columns(twin), what=column, place=["where", index, "column"])
    check_shape(chart, document)
    _check_totals(chart, document, layer)
    _check_metrics(chart, document, layer)
    _check_comparison(chart, document, layer)
    if chart.sort:
        known = (*twin.metrics, *_columns(twin))
        _resolve(document, chart.sort.by, known, what=f"metric or {column}", place=["sort", "by"])


def _check_totals(chart: Chart, document: Document, layer: Layer) -> None:
    """Superset adds up what is drawn: of rates and of counts of different people that is a wrong number."""
    never = [name for name in (*chart.metrics, *chart.more_metrics) if not layer.metrics[name].additive]
    for key in sorted(chart.params.keys() & {*_TOTALS, "aggregation"}):
        adds_up = chart.params[key] == "sum" if key == "aggregation" else bool(chart.params[key])
        if never and adds_up:
            message = f'"{never[0]}" cannot be added up, so there is no total of it. Use a table with show_totals.'
            raise document.error(message, ["params", key])
    if never and chart.viz == "pivot":
        raise document.error(f'"{never[0]}" cannot be added up, and a pivot adds up. Use a table.', ["viz"])


def _check_metrics(chart: Chart, document: Document, layer: Layer) -> None:
    """Metrics are named where they are checked, with the column that some of them need."""
    for key in (key for key in _METRICS if key in chart.params):
        raise document.error("Name metrics under metrics: or more_metrics:.", ["params", key])
    for field in ("metrics", "more_metrics"):
        for index, name in enumerate(getattr(chart, field)):
            needed = _ONE_VALUE.search(layer.metrics[name].expression)
            if needed and needed[1] not in (chart.x, *chart.by):
                message = f'"{name}" is empty unless it is grouped by {needed[1]}. Name that under x or by.'
                raise document.error(message, [field, index])


def _check_comparison(chart: Chart, document: Document, layer: Layer) -> None:
    """Cards compare months, and some metrics measure each month differently."""
    for index, name in enumerate(chart.metrics if chart.viz == "scores" else ()):
        if not layer.metrics[name].comparable:
            message = f'"{name}" is not comparable from month to month, and cards compare. Use a metric that is.'
            raise document.error(message, ["metrics", index])


def _rows(dashboard: Dashboard) -> Iterator[tuple[list[str | int], Row]]:
    """Each row and where it stands."""
    for at, row in enumerate(dashboard.header):
        yield ["header", at], row
    for tab_at, tab in enumerate(dashboard.tabs):
        for at, row in enumerate(tab.rows):
            yield ["tabs", tab_at, "rows", at], row


def _placed(dashboard: Dashboard) -> Iterator[tuple[str, Place]]:
    """Each chart's name and where the dashboard names it."""
    for place, row in _rows(dashboard):
        yield from ((name, [*place, "charts", name]) for name in row.charts)


def _check_dashboard(dashboard: Dashboard, document: Document, specs: Specs) -> None:
    seen: set[str] = set()
    for name, place in _placed(dashboard):
        _resolve(document, name, specs.charts, what="chart", place=place)
        if name in seen:
            raise document.error(f'The chart "{name}" stands here twice. Remove one.', place)
        seen.add(name)
    for place, row in _rows(dashboard):
        for index, name in enumerate(row.examples):
            _resolve(document, name, specs.examples, what="example", place=[*place, "examples", index])
    for index, role in enumerate(dashboard.access):
        _resolve(document, role, [*specs.access.roles, "Admin"], what="role", place=["access", index])
    _check_filters(dashboard, document, specs)


def _check_filters(dashboard: Dashboard, document: Document, specs: Specs) -> None:
    datasets = _datasets(specs.layer)
    for index, spec in enumerate(dashboard.filters):
        if spec.dataset and spec.column:
            _resolve(document, spec.dataset, datasets, what="dataset", place=["filters", index, "dataset"])
            twin = datasets[spec.dataset]
            what = f"column in {twin.name}"
            _resolve(document, spec.column, _columns(twin), what=what, place=["filters", index, "column"])


def _check_access(access: Access, document: Document, layer: Layer) -> None:
    for name, role in access.roles.items():
        for index, included in enumerate(role.includes):
            _resolve(document, included, access.roles, what="role", place=["roles", name, "includes", index])
        for connection in role.schemas:
            place: Place = ["roles", name, "schemas", connection]
            _resolve(document, connection, access.connections, what="connection", place=place)
    for name, user in access.users.items():
        for index, wanted in enumerate(user.roles):
            _resolve(document, wanted, access.roles, what="role", place=["users", name, "roles", index])
    for name, rule in access.row_rules.items():
        for index, dataset in enumerate(rule.datasets):
            place = ["row_rules", name, "datasets", index]
            _resolve(document, dataset, _datasets(layer), what="dataset", place=place)
        for index, wanted in enumerate(rule.roles):
            _resolve(document, wanted, access.roles, what="role", place=["row_rules", name, "roles", index])


def _check_report(report: Report, document: Document, specs: Specs) -> None:
    if report.chart:
        _resolve(document, report.chart, specs.charts, what="chart", place=["chart"])
    if report.dashboard:
        _resolve(document, report.dashboard, specs.dashboards, what="dashboard", place=["dashboard"])
        tabs = [tab.name for tab in specs.dashboards[report.dashboard].tabs]
        for index, tab in enumerate(report.tabs):
            _resolve(document, tab, tabs, what=f"tab in {report.dashboard}", place=["tabs", index])
    for index, name in enumerate(report.to):
        if not ADDRESS.match(name):
            _resolve(document, name, specs.access.users, what="address or user", place=["to", index])
    if report.alert:
        datasets = _datasets(specs.layer)
        _resolve(document, report.alert.dataset, datasets, what="dataset", place=["alert", "dataset"])
        twin = datasets[report.alert.dataset]
        _resolve(document, report.alert.metric, twin.metrics, what=f"metric on {twin.name}", place=["alert", "metric"])


def _named(folder: Path) -> dict[str, Document]:
    return {path.stem: Document.read(path) for path in sorted(folder.glob("*.yml"))}


def _model(kind: type[Model], name: str, document: Document, *, text: str = "") -> Model:
    """``text`` is the field that names a file in templates/; the model holds what is written there."""
    data = document.data | {"name": name}
    if isinstance(data.get(text), str):
        folder = document.path.parent.parent / "templates"
        _resolve(document, data[text], [path.name for path in sorted(folder.glob("*"))], what="template", place=[text])
        data[text] = filled((folder / data[text]).read_text(encoding="utf-8"))
    return document.model(kind, data)


def load_specs(folder: Path, layer: Layer) -> Specs:
    """Read and check all specs in ``folder`` against the layer. Raises ``SpecError`` at the first that is wrong."""
    access_file, brand_file, questions = (Document.read(folder / f"{name}.yml") for name in _SINGLE)
    charts, dashboards, reports = (_named(folder / kind) for kind in ("charts", "dashboards", "reports"))
    specs = Specs(
        layer=layer,
        charts={name: _model(Chart, name, file, text="template") for name, file in charts.items()},
        dashboards={name: _model(Dashboard, name, file, text="css") for name, file in dashboards.items()},
        examples={example.name: example for example in load_examples(folder)},
        questions={
            key: questions.model(Question, {"key": key, **questions.mapping(key)}, [key]) for key in questions.data
        },
        reports={name: _model(Report, name, file) for name, file in reports.items()},
        access=access_file.model(Access, access_file.data),
        brand=brand_file.model(Brand, brand_file.data),
    )
    _check_access(specs.access, access_file, layer)
    for name, chart in specs.charts.items():
        _check_chart(chart, charts[name], layer)
        for position, key in enumerate(chart.answers):
            _resolve(charts[name], key, specs.questions, what="question", place=["answers", position])
    for name, dashboard in specs.dashboards.items():
        _check_dashboard(dashboard, dashboards[name], specs)
    for name, report in specs.reports.items():
        _check_report(report, reports[name], specs)
    for key in specs.questions:
        if next(specs.answers(key), None) is None:
            raise questions.error("No chart on a dashboard answers it. Name it under answers: of a chart.", [key])
    return specs
