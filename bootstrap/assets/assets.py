"""The assets that the specs ask for: databases, datasets, charts and dashboards in Superset's own import form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.engine import make_url

from bootstrap.assets import charts, formats, layout
from bootstrap.assets.identity import identity, mark
from bootstrap.assets.native import CHARTS, OBJECTS, Native, told
from bootstrap.assets.normal import digest, normal
from bootstrap.assets.spec import Chart, Connection, Dashboard, Specs
from bootstrap.semantic.spec import Column, Metric, Twin

Types = Mapping[tuple[str, str], str]
_MASK = "X" * 10


@dataclass(frozen=True)
class Asset:
    """One asset: what it is, and its content with every managed key written out, nulls too."""

    kind: str
    name: str
    content: Native
    password: str | None = None

    @property
    def uuid(self) -> UUID:
        return identity(self.kind, self.name)

    @property
    def label(self) -> str:
        return f"{self.kind[:-1]} {self.name}"

    @property
    def place(self) -> tuple[str, ...]:
        """What no two objects may share, beside the uuid."""
        keys = {
            "databases": ("database_name",),
            "datasets": ("database_uuid", "schema", "table_name"),
            "dashboards": ("slug",),
        }
        return tuple(str(self.content[key]) for key in keys.get(self.kind, ()))

    def sealed(self) -> Native:
        """The content with its mark of ownership."""
        sentence = mark(self.kind, self.name, digest(normal(self.kind, self.content)))
        if self.kind == "datasets":
            extra = self.content["extra"]
            return self.content | {"extra": extra | {"certification": extra["certification"] | {"details": sentence}}}
        return self.content if self.kind == "databases" else self.content | {"certification_details": sentence}


def _object(kind: str, name: str, *, password: str | None = None, **values: Any) -> Asset:
    return Asset(kind, name, told(kind, uuid=str(identity(kind, name)), **values), password)


def _database(key: str, connection: Connection, address: str, *, is_async: bool) -> Asset:
    url = make_url(address)
    shown = url.set(drivername="postgresql+psycopg2", password=_MASK)
    options = f"-c statement_timeout={connection.statement_seconds}s -c default_transaction_read_only=on"
    return _object(
        "databases",
        key,
        password=url.password,
        database_name=connection.name,
        sqlalchemy_uri=shown.render_as_string(hide_password=False),
        expose_in_sqllab=connection.sql_lab,
        allow_run_async=is_async and connection.sql_lab,
        extra=OBJECTS["databases"]["extra"] | {"engine_params": {"connect_args": {"options": options}}},
    )


def _column(column: Column, twin: Twin, types: Types) -> Native:
    kind = types.get((twin.relation, column.name), "")
    return told(
        "column",
        column_name=column.name,
        verbose_name=column.label,
        description=column.description,
        is_dttm=kind.startswith(("DATE", "TIMESTAMP")),
        type=kind,
        groupby=column.role != "measure",
    )


def _stand_in(alias: str, twin: Twin, specs: Specs, types: Types) -> Native:
    """A calculated column that lets the filter of another relation's column act here; never one to group by."""
    column = next(column for column in twin.columns if column.name == twin.filters[alias])
    label = next(named.label for other in specs.layer.twins for named in other.columns if named.name == alias)
    return _column(column, twin, types) | {
        "column_name": alias,
        "verbose_name": label,
        "description": f"For the filter {label}: {column.description}",
        "groupby": False,
        "expression": column.name,
    }


def _metric(metric: Metric) -> Native:
    certified = {"certified_by": metric.owner, "details": "Defined once, and compared with a figure counted on paper."}
    return told(
        "metric",
        metric_name=metric.name,
        verbose_name=metric.label,
        expression=metric.expression,
        description=metric.description,
        d3format=formats.number(metric),
        currency=formats.currency(metric) or None,
        warning_text=metric.caution,
        extra=({"certification": certified} if metric.certified else {})
        | ({"warning_markdown": metric.caution} if metric.caution else {}),
    )


def _dataset(twin: Twin, specs: Specs, types: Types) -> Asset:
    return _object(
        "datasets",
        twin.name,
        database_uuid=str(identity("databases", "reader")),
        table_name=twin.name,
        schema=twin.schema_name,
        main_dttm_col=twin.time,
        description=twin.description,
        extra={"certification": {"certified_by": twin.owner}},
        columns=[
            *(_column(column, twin, types) for column in twin.columns),
            *(_stand_in(alias, twin, specs, types) for alias in twin.filters),
        ],
        metrics=[_metric(specs.layer.metrics[name]) for name in twin.metrics],
    )


def _chart(chart: Chart, specs: Specs) -> Asset:
    return _object(
        "charts",
        chart.name,
        dataset_uuid=str(identity("datasets", specs.layer.twin(chart.dataset).name)),
        slice_name=chart.title,
        description=chart.reading or None,
        certified_by=specs.brand.name,
        viz_type=CHARTS[chart.viz]["viz_type"],
        params=charts.params(chart, specs.layer),
        query_context=charts.query_context(chart, specs.layer),
    )


def _dashboard(dashboard: Dashboard, specs: Specs, sql_lab: int) -> Asset:
    return _object(
        "dashboards",
        dashboard.name,
        dashboard_title=dashboard.title,
        description=dashboard.description or None,
        css=dashboard.css or None,
        slug=dashboard.slug,
        certified_by=dashboard.owner,
        position=layout.Tree(specs, dashboard, sql_lab=sql_lab).nodes,
        metadata=layout.metadata(specs, dashboard),
    )


def databases(specs: Specs, addresses: Mapping[str, str], *, is_async: bool = False) -> list[Asset]:
    """The connections. ``addresses``: connection to its URL. With ``is_async`` a worker runs the queries of SQL Lab."""
    connections = specs.access.connections
    return [_database(key, connections[key], addresses[key], is_async=is_async) for key in connections]


def contents(specs: Specs, types: Types, *, sql_lab: int) -> list[Asset]:
    """Datasets, charts and dashboards, parents first.

    ``types``: (relation, column) to SQL type, of all that is built; ``sql_lab``: numeric id of the connection that
    example queries open with.
    """
    return [
        *(_dataset(twin, specs, types) for twin in specs.layer.twins if twin.dataset),
        *(_chart(chart, specs) for chart in specs.charts.values()),
        *(_dashboard(dashboard, specs, sql_lab) for dashboard in specs.dashboards.values()),
    ]
