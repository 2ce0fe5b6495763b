"""The assets that the specs ask for: databases, datasets, charts and dashboards in Superset's own import form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.engine import make_url

from bootstrap.assets import charts, formats, layout
from bootstrap.assets.identity import identity, mark
from bootstrap.assets.normal import digest, normal
from bootstrap.assets.spec import Chart, Connection, Dashboard, Specs
from bootstrap.semantic.spec import Column, Metric, Twin

Native = dict[str, Any]
Types = Mapping[tuple[str, str], str]
VERSION = "1.0.0"
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


def _database(key: str, connection: Connection, address: str, *, is_async: bool) -> Asset:
    url = make_url(address)
    shown = url.set(drivername="postgresql+psycopg2", password=_MASK)
    options = f"-c statement_timeout={connection.statement_seconds}s -c default_transaction_read_only=on"
    content: Native = {
        "version": VERSION,
        "uuid": str(identity("databases", key)),
        "database_name": connection.name,
        "sqlalchemy_uri": shown.render_as_string(hide_password=False),
        "cache_timeout": None,
        "expose_in_sqllab": connection.sql_lab,
        "allow_run_async": is_async and connection.sql_lab,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "impersonate_user": False,
        "extra": {
            "allows_virtual_table_explore": True,
            "disable_data_preview": False,
            "engine_params": {"connect_args": {"options": options}},
            "cost_estimate_enabled": False,
            "cancel_query_on_windows_unload": True,
        },
        "is_managed_externally": True,
        "external_url": None,
    }
    return Asset("databases", key, content, password=url.password)


def _column(column: Column, twin: Twin, types: Types) -> Native:
    kind = types.get((twin.relation, column.name), "")
    return {
        "column_name": column.name,
        "verbose_name": column.label,
        "description": column.description,
        "is_dttm": kind.startswith(("DATE", "TIMESTAMP")),
        "is_active": True,
        "type": kind,
        "advanced_data_type": None,
        "groupby": column.role != "measure",
        "filterable": True,
        "expression": None,
        "python_date_format": None,
        "datetime_format": None,
        "extra": {},
    }


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
    return {
        "metric_name": metric.name,
        "verbose_name": metric.label,
        "expression": metric.expression,
        "metric_type": None,
        "description": metric.description,
        "d3format": formats.number(metric),
        "currency": formats.currency(metric) or None,
        "warning_text": metric.caution,
        "extra": ({"certification": certified} if metric.certified else {})
        | ({"warning_markdown": metric.caution} if metric.caution else {}),
    }


def _dataset(twin: Twin, specs: Specs, types: Types) -> Asset:
    content: Native = {
        "version": VERSION,
        "uuid": str(identity("datasets", twin.name)),
        "database_uuid": str(identity("databases", "reader")),
        "table_name": twin.name,
        "schema": twin.schema_name,
        "catalog": None,
        "sql": None,
        "main_dttm_col": twin.time,
        "currency_code_column": None,
        "description": twin.description,
        "default_endpoint": None,
        "offset": 0,
        "cache_timeout": None,
        "params": None,
        "template_params": None,
        "filter_select_enabled": True,
        "fetch_values_predicate": None,
        "extra": {"certification": {"certified_by": twin.owner}},
        "normalize_columns": False,
        "always_filter_main_dttm": False,
        "columns": [
            *(_column(column, twin, types) for column in twin.columns),
            *(_stand_in(alias, twin, specs, types) for alias in twin.filters),
        ],
        "metrics": [_metric(specs.layer.metrics[name]) for name in twin.metrics],
        "is_managed_externally": True,
        "external_url": None,
    }
    return Asset("datasets", twin.name, content)


def _chart(chart: Chart, specs: Specs) -> Asset:
    content: Native = {
        "version": VERSION,
        "uuid": str(identity("charts", chart.name)),
        "dataset_uuid": str(identity("datasets", specs.layer.twin(chart.dataset).name)),
        "slice_name": chart.title,
        "description": chart.reading or None,
        "certified_by": specs.brand.name,
        "viz_type": charts.TYPES[chart.viz],
        "params": charts.params(chart, specs.layer),
        "query_context": charts.query_context(chart, specs.layer),
        "cache_timeout": None,
        "is_managed_externally": True,
        "external_url": None,
    }
    return Asset("charts", chart.name, content)


def _dashboard(dashboard: Dashboard, specs: Specs, sql_lab: int) -> Asset:
    content: Native = {
        "version": VERSION,
        "uuid": str(identity("dashboards", dashboard.name)),
        "dashboard_title": dashboard.title,
        "description": dashboard.description or None,
        "css": dashboard.css or None,
        "slug": dashboard.slug,
        "certified_by": dashboard.owner,
        "published": True,
        "position": layout.position(specs, dashboard, sql_lab=sql_lab),
        "metadata": layout.metadata(specs, dashboard),
        "is_managed_externally": True,
        "external_url": None,
    }
    return Asset("dashboards", dashboard.name, content)


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
