"""Reads ``superset/`` into typed specs, and names file, line, field and the nearest valid name when one is wrong."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bootstrap.assets.examples import load_examples
from bootstrap.assets.shapes import check_shape
from bootstrap.assets.spec import Access, Brand, Chart, Dashboard, Question, Report, Row, Specs
from bootstrap.project import filled
from bootstrap.semantic.document import Document, Model, nearest
from bootstrap.semantic.spec import Layer, Twin

ADDRESS = re.compile(r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$")  # those that Superset takes

_TOTALS = {
    "rowTotals", "colTotals", "rowSubTotals", "colSubTotals", "showTooltipTotal", "show_total", "rolling_type",
    "cumsum", "resample_method", "contribution",
}  # fmt: skip
_METRICS = ("metric", "metrics", "metrics_b")
_ONE_VALUE = re.compile(r"min\((\w+)\) = max\(\1\)")  # of a metric that is empty over several values of a column


@dataclass(frozen=True)
class Names:
    """Refuses what a file names and nothing defines, with the nearest name that there is."""

    document: Document
    layer: Layer

    def check(self, name: str, known: Iterable[str], what: str, *place: str | int) -> None:
        """Raise ``SpecError`` unless ``name`` is known; ``what`` it would be."""
        if name not in (known := set(known)):
            raise self.document.error(f'There is no {what} "{name}". {nearest(name, known)}', place)

    def check_all(self, names: Iterable[object], known: Iterable[str], what: str, *place: str | int) -> None:
        """The same for each name in a list."""
        for index, name in enumerate(names):
            if isinstance(name, str):
                self.check(name, known, what, *place, index)

    def twin(self, dataset: str, *place: str | int) -> Twin:
        datasets = {twin.name: twin for twin in self.layer.twins if twin.dataset}
        self.check(dataset, datasets, "dataset", *place)
        return datasets[dataset]

    def check_column(self, name: str, twin: Twin, *place: str | int) -> None:
        self.check(name, twin.labels, f"column in {twin.name}", *place)


def _check_chart(chart: Chart, names: Names, specs: Specs) -> None:
    twin = names.twin(chart.dataset, "dataset")
    names.check_all(chart.metrics, twin.metrics, f"metric on {twin.name}", "metrics")
    names.check_all(chart.more_metrics, twin.metrics, f"metric on {twin.name}", "more_metrics")
    names.check_all(chart.by, twin.labels, f"column in {twin.name}", "by")
    names.check_all(chart.columns, twin.labels, f"column in {twin.name}", "columns")
    if isinstance(chart.x, str):
        names.check_column(chart.x, twin, "x")
    for index, condition in enumerate(chart.where):
        if condition.column:
            names.check_column(condition.column, twin, "where", index, "column")
    check_shape(chart, names.document)
    _check_totals(chart, names.document, specs.layer)
    _check_metrics(chart, names.document, specs.layer)
    if chart.sort:
        names.check(chart.sort.by, [*twin.metrics, *twin.labels], f"metric or column in {twin.name}", "sort", "by")
    names.check_all(chart.answers, specs.questions, "question", "answers")


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
    """Metrics are named where they are checked: some need a column, some measure each month differently."""
    for key in (key for key in _METRICS if key in chart.params):
        raise document.error("Name metrics under metrics: or more_metrics:.", ["params", key])
    for field in ("metrics", "more_metrics"):
        for index, name in enumerate(getattr(chart, field)):
            metric = layer.metrics[name]
            needed = _ONE_VALUE.search(metric.expression)
            if needed and needed[1] not in (chart.x, *chart.by):
                message = f'"{name}" is empty unless it is grouped by {needed[1]}. Name that under x or by.'
                raise document.error(message, [field, index])
            if chart.viz == "scores" and not metric.comparable:
                message = f'"{name}" is not comparable from month to month, and cards compare. Use a metric that is.'
                raise document.error(message, [field, index])


def _rows(dashboard: Dashboard) -> Iterator[tuple[list[str | int], Row]]:
    """Each row and where it stands."""
    for at, row in enumerate(dashboard.header):
        yield ["header", at], row
    for tab_at, tab in enumerate(dashboard.tabs):
        for at, row in enumerate(tab.rows):
            yield ["tabs", tab_at, "rows", at], row


def _check_dashboard(dashboard: Dashboard, names: Names, specs: Specs) -> None:
    seen: set[str] = set()
    for place, row in _rows(dashboard):
        for name in row.charts:
            names.check(name, specs.charts, "chart", *place, "charts", name)
            if name in seen:
                message = f'The chart "{name}" stands here twice. Remove one.'
                raise names.document.error(message, [*place, "charts", name])
            seen.add(name)
        names.check_all(row.examples, specs.examples, "example", *place, "examples")
    names.check_all(dashboard.access, [*specs.access.roles, "Admin"], "role", "access")
    for index, spec in enumerate(dashboard.filters):
        if spec.dataset and spec.column:
            twin = names.twin(spec.dataset, "filters", index, "dataset")
            names.check_column(spec.column, twin, "filters", index, "column")


def _check_access(access: Access, names: Names) -> None:
    for name, role in access.roles.items():
        names.check_all(role.includes, access.roles, "role", "roles", name, "includes")
        for connection in role.schemas:
            names.check(connection, access.connections, "connection", "roles", name, "schemas", connection)
    for name, user in access.users.items():
        names.check_all(user.roles, access.roles, "role", "users", name, "roles")
    for name, rule in access.row_rules.items():
        for index, dataset in enumerate(rule.datasets):
            names.twin(dataset, "row_rules", name, "datasets", index)
        names.check_all(rule.roles, access.roles, "role", "row_rules", name, "roles")


def _check_report(report: Report, names: Names, specs: Specs) -> None:
    if report.chart:
        names.check(report.chart, specs.charts, "chart", "chart")
    if report.dashboard:
        names.check(report.dashboard, specs.dashboards, "dashboard", "dashboard")
        tabs = [tab.name for tab in specs.dashboards[report.dashboard].tabs]
        names.check_all(report.tabs, tabs, f"tab in {report.dashboard}", "tabs")
    for index, name in enumerate(report.to):
        if not ADDRESS.match(name):
            names.check(name, specs.access.users, "address or user", "to", index)
    if report.alert:
        twin = names.twin(report.alert.dataset, "alert", "dataset")
        names.check(report.alert.metric, twin.metrics, f"metric on {twin.name}", "alert", "metric")


def _read_all(folder: Path, layer: Layer) -> dict[str, Names]:
    return {path.stem: Names(Document.read(path), layer) for path in sorted(folder.glob("*.yml"))}


def _models(kind: type[Model], files: Mapping[str, Names], *, text: str = "") -> dict[str, Model]:
    """``text`` is the field that names a file in templates/; the model holds what is written there."""
    models = {}
    for name, names in files.items():
        data = names.document.data | {"name": name}
        if isinstance(data.get(text), str):
            folder = names.document.path.parent.parent / "templates"
            names.check(data[text], [path.name for path in folder.glob("*")], "template", text)
            data[text] = filled((folder / data[text]).read_text(encoding="utf-8"))
        models[name] = names.document.model(kind, data)
    return models


def load_specs(folder: Path, layer: Layer) -> Specs:
    """Read and check all specs in ``folder`` against the layer. Raises ``SpecError`` at the first that is wrong."""
    access, brand, questions = (Document.read(folder / f"{name}.yml") for name in ("access", "brand", "questions"))
    charts, dashboards, reports = (_read_all(folder / kind, layer) for kind in ("charts", "dashboards", "reports"))
    specs = Specs(
        layer=layer,
        charts=_models(Chart, charts, text="template"),
        dashboards=_models(Dashboard, dashboards, text="css"),
        examples={example.name: example for example in load_examples(folder)},
        questions={question.key: question for question in questions.models(Question, name="key")},
        reports=_models(Report, reports),
        access=access.model(Access, access.data),
        brand=brand.model(Brand, brand.data),
    )
    _check_access(specs.access, Names(access, layer))
    for chart in specs.charts.values():
        _check_chart(chart, charts[chart.name], specs)
    for dashboard in specs.dashboards.values():
        _check_dashboard(dashboard, dashboards[dashboard.name], specs)
    for report in specs.reports.values():
        _check_report(report, reports[report.name], specs)
    for key in specs.questions:
        if next(specs.answers(key), None) is None:
            raise questions.error("No chart on a dashboard answers it. Name it under answers: of a chart.", [key])
    return specs
