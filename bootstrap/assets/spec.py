"""What a chart, a dashboard and an access rule say, as typed models. ``files`` reads them from ``superset/``."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from croniter import croniter
from pydantic import Field, field_validator, model_validator

from bootstrap.assets.examples import Example
from bootstrap.project import current
from bootstrap.semantic.spec import Layer, Spec

Viz = Literal[
    "area", "bar", "bubble", "cards", "heatmap", "kpi", "line", "mixed", "pie", "pivot", "scores", "table", "treemap",
    "trend", "world_map",
]  # fmt: skip
Scalar = bool | int | float | str


class Where(Spec):
    """One condition on a column, or free SQL."""

    column: str | None = None
    op: Literal["==", "!=", ">", ">=", "<", "<=", "IN", "NOT IN", "IS NULL", "IS NOT NULL"] = "=="
    value: Scalar | tuple[Scalar, ...] | None = None
    sql: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Where":
        if (self.column is None) == (self.sql is None):
            raise ValueError("give either column or sql")
        return self


class Slice(Spec):
    """A dimension made on the spot: SQL over the dataset's columns, under a label that people read."""

    label: str
    sql: str


class Sort(Spec):
    """Order by a metric or a column."""

    by: str
    descending: bool = True


class Chart(Spec):
    """One chart: a question, the dataset and metrics that answer it, and how it is drawn."""

    name: str
    title: str = Field(description="the question it answers")
    reading: str = Field("", description="one line on how to read it")
    answers: tuple[str, ...] = Field((), description="keys of the question index")
    viz: Viz
    dataset: str
    metrics: tuple[str, ...] = ()
    more_metrics: tuple[str, ...] = Field((), description="mixed: the second, line-shaped axis")
    x: str | Slice | None = None
    by: tuple[str | Slice, ...] = ()
    columns: tuple[str, ...] = Field((), description="raw rows instead of metrics")
    where: tuple[Where, ...] = ()
    sort: Sort | None = None
    limit: int = Field(10_000, ge=1, le=100_000)
    paged: bool = Field(False, description="table: the server sends a page at a time, for long ones")
    ignores: tuple[str, ...] = Field((), description="dashboard filters, by name, that make no sense here")
    period: str = Field("", description="the months that it always shows, such as: the last 12 complete months")
    template: str = Field("", description="cards: the Handlebars text, by the name of its file in templates/")
    params: dict[str, Any] = Field(default_factory=dict, description="native keys, passed through as they are")


class Row(Spec):
    """One row of a tab: charts with widths in twelfths, or a Markdown note."""

    charts: dict[str, int] = Field(default_factory=dict)
    note: str = ""
    examples: tuple[str, ...] = Field((), description="names of queries in examples.yml, as links into SQL Lab")
    height: int = Field(50, ge=2, le=200, description="in units of 8 pixels")

    @model_validator(mode="after")
    def _fits(self) -> "Row":
        if sum(map(bool, (self.charts, self.note, self.examples))) != 1:
            raise ValueError("give one of charts, note and examples")
        if sum(self.charts.values()) > 12:
            raise ValueError(f"the widths add up to {sum(self.charts.values())}; a row has 12")
        return self


class Tab(Spec):
    name: str
    rows: tuple[Row, ...] = Field(min_length=1)


class Filter(Spec):
    """A filter in the bar; acts on the charts whose dataset has its column, or one that stands for it (``filters``).

    ``values``: a list of the values of a column. ``months``: the same, newest first, for a column that names months.
    ``last``: one number N, for a column that counts the complete months back from the newest, which is 1; charts show
    the months up to N. ``time``: a range of dates, by the clock of the server.
    """

    name: str
    kind: Literal["values", "months", "last", "time"] = "values"
    column: str | None = None
    dataset: str | None = None
    description: str = ""
    single: bool = False

    @model_validator(mode="after")
    def _complete(self) -> "Filter":
        if self.kind != "time" and not (self.column and self.dataset):
            raise ValueError(f"a filter of the kind {self.kind} needs column and dataset")
        return self

    @property
    def is_of_months(self) -> bool:
        """Whether it chooses months, so that a chart with a ``period`` of its own need not follow it."""
        return self.kind != "values"


class Dashboard(Spec):
    """Tabs of rows of charts, the filters above them, and who sees them."""

    name: str
    title: str
    slug: str
    description: str = ""
    owner: str = Field(default_factory=lambda: current().name)
    access: tuple[str, ...] = Field(min_length=1, description="roles that see it")
    header: tuple[Row, ...] = Field((), description="rows that stay above the tabs")
    tabs: tuple[Tab, ...] = Field(min_length=1)
    filters: tuple[Filter, ...] = ()
    css: str = Field("", description="its style sheet, by the name of its file in templates/")
    refresh_seconds: int = 0

    @property
    def charts(self) -> tuple[str, ...]:
        rows = [*self.header, *(row for tab in self.tabs for row in tab.rows)]
        return tuple(name for row in rows for name in row.charts)


class Alert(Spec):
    """When a report is sent: when a metric over some rows of a dataset passes a limit."""

    dataset: str
    metric: str
    where: str = Field("", description="SQL condition on the dataset's columns")
    op: Literal["<", "<=", ">", ">=", "==", "!="] = ">"
    limit: float
    quiet_days: int = Field(28, ge=1, description="how long nothing is sent again after an alert was")


class Report(Spec):
    """What is sent by e-mail: a dashboard or a chart, when, and to whom."""

    name: str
    title: str = Field(description="the subject of the mail")
    description: str = Field("", description="what the mail says above the link")
    dashboard: str | None = None
    tabs: tuple[str, ...] = Field((), description="tabs of the dashboard, a page each; none: all of them")
    chart: str | None = None
    format: Literal["PDF", "PNG"] = "PDF"
    at: str = Field(description="cron expression")
    timezone: str = Field(default_factory=lambda: current().time_zone)
    to: tuple[str, ...] = Field(min_length=1, description="users of access.yml, or addresses")
    alert: Alert | None = None

    @model_validator(mode="after")
    def _of_one_thing(self) -> "Report":
        if (self.dashboard is None) == (self.chart is None):
            raise ValueError("give either dashboard or chart")
        if self.tabs and self.dashboard is None:
            raise ValueError("tabs belong to a dashboard")
        return self

    @field_validator("at")
    @classmethod
    def _cron(cls, value: str) -> str:
        if not croniter.is_valid(value):
            raise ValueError(f"{value!r} is no cron expression; the first of each month at seven is '0 7 1 * *'")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no time zone; one is Europe/London")
        return value


class Connection(Spec):
    """How one database role is shown in Superset."""

    name: str
    sql_lab: bool
    statement_seconds: int = Field(60, ge=1)


class Role(Spec):
    """A Superset role: permissions by name, and the schemas it may read through which connection."""

    description: str
    permissions: tuple[str, ...] = Field(description="such as: can_read on Chart")
    includes: tuple[str, ...] = Field((), description="other roles of this file whose permissions it has too")
    schemas: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="connection to schema names")


class User(Spec):
    roles: tuple[str, ...]
    first_name: str
    last_name: str
    email: str


class RowRule(Spec):
    """Rows of datasets that a role may see."""

    description: str
    datasets: tuple[str, ...]
    roles: tuple[str, ...]
    clause: str
    kind: Literal["Regular", "Base"] = "Regular"
    group: str = ""


class Access(Spec):
    connections: dict[Literal["reader", "analyst"], Connection]
    roles: dict[str, Role]
    users: dict[Annotated[str, Field(pattern=r"^[a-z0-9_.@+-]+$")], User]
    row_rules: dict[str, RowRule] = Field(default_factory=dict)


class Question(Spec):
    """One question of the index; its key is what charts name."""

    key: str
    question: str
    tests: tuple[str, ...] = Field(min_length=1, description="file::function of the tests that hold its figures")


class Brand(Spec):
    """The look: colours by series and by label."""

    name: str
    primary: str
    primary_dark: str
    fonts: str
    landing: str = Field(description="slug of the dashboard that people come to first")
    data_until: str = Field(description="SQL for the last day of the data, for the names of downloads")
    series: tuple[str, ...]
    shades: tuple[str, ...]
    labels: dict[str, str] = Field(default_factory=dict)


class Specs(Spec):
    """Everything that ``superset/`` says, checked against the layer."""

    layer: Layer
    charts: dict[str, Chart]
    dashboards: dict[str, Dashboard]
    examples: dict[str, Example]
    questions: dict[str, Question]
    reports: dict[str, Report]
    access: Access
    brand: Brand

    def acts_on(self, filter_: Filter, chart: str) -> bool:
        """Whether a filter acts on a chart: its dataset has the column, and the chart does not ignore the filter."""
        spec = self.charts[chart]
        twin = self.layer.twin(spec.dataset)
        acts = twin.time is not None if filter_.kind == "time" else filter_.column in twin.filterable
        return acts and filter_.name not in spec.ignores

    def answers(self, question: str) -> Iterator[tuple[Chart, str]]:
        """The charts that answer a question, each with where it stands: dashboard and tab."""
        for dashboard in self.dashboards.values():
            tabs = [("above the tabs", dashboard.header), *[(tab.name, tab.rows) for tab in dashboard.tabs]]
            for tab, rows in tabs:
                for name in (name for row in rows for name in row.charts):
                    if question in self.charts[name].answers:
                        yield self.charts[name], f"{dashboard.title}, {tab}"

    def metric_uses(self) -> dict[str, list[str]]:
        """For each metric that a chart shows, the titles of those charts, sorted."""
        uses: dict[str, list[str]] = {}
        for chart in self.charts.values():
            for metric in {*chart.metrics, *chart.more_metrics}:
                uses.setdefault(metric, []).append(chart.title)
        return {metric: sorted(titles) for metric, titles in uses.items()}
