"""From a dashboard spec to Superset's position tree, filters and metadata.

Chart ids in here are placeholders (1001 and on, in order of appearance): the importer maps them through the uuids.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from bootstrap.assets import captions, clicks
from bootstrap.assets.examples import Example
from bootstrap.assets.identity import identity
from bootstrap.assets.native import Native, told
from bootstrap.assets.spec import Chart, Dashboard, Filter, Row, Specs
from bootstrap.project import current

_TRANSPARENT = {"background": "BACKGROUND_TRANSPARENT"}


def placeholders(dashboard: Dashboard) -> dict[str, int]:
    """Chart name to placeholder id."""
    return {name: 1001 + index for index, name in enumerate(dashboard.charts)}


def tab_ids(dashboard: Dashboard) -> dict[str, str]:
    """The name of each tab to the id of its node."""
    return {tab.name: f"TAB-{index}" for index, tab in enumerate(dashboard.tabs)}


class Tree:
    """Grows the position of one dashboard, node by node.

    ``sql_lab`` is the numeric id of the connection that examples open with.
    """

    def __init__(self, specs: Specs, dashboard: Dashboard, *, sql_lab: int) -> None:
        self.specs, self.dashboard, self.sql_lab = specs, dashboard, sql_lab
        self.ids = placeholders(dashboard)
        self.nodes: Native = {
            "DASHBOARD_VERSION_KEY": "v2",
            "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": []},
            "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": [], "parents": ["ROOT_ID"]},
            "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": dashboard.title}},
        }
        path = ["ROOT_ID"]
        if dashboard.header:
            self.nodes["ROOT_ID"]["children"] = ["GRID_ID"]
            path = ["ROOT_ID", "GRID_ID"]
        self._rows(dashboard.header, "header", path)
        tabs = self._add("TABS", "main", path)
        for index, tab in enumerate(dashboard.tabs):
            titles = {"text": tab.name, "defaultText": "Tab title", "placeholder": "Tab title"}
            self._rows(tab.rows, f"{index}", self._add("TAB", f"{index}", tabs, **titles))

    def _add(self, kind: str, key: str, parents: list[str], **meta: Any) -> list[str]:
        """Hang a node below its last parent; return its own path for children."""
        name = f"{kind}-{key}"
        self.nodes[name] = {"id": name, "type": kind, "children": [], "parents": parents, "meta": meta}
        self.nodes[parents[-1]]["children"].append(name)
        return [*parents, name]

    def _rows(self, rows: Iterable[Row], key: str, path: list[str]) -> None:
        for index, row in enumerate(rows):
            self._row(row, f"{key}-{index}", self._add("ROW", f"{key}-{index}", path, **_TRANSPARENT))

    def _row(self, row: Row, key: str, path: list[str]) -> None:
        note = row.note or "\n".join(self._example(self.specs.examples[name]) for name in row.examples)
        if note:
            self._add("MARKDOWN", key, path, code=note, width=12, height=row.height)
        for name, width in row.charts.items():
            chart = self.specs.charts[name]
            text = "" if row in self.dashboard.header else captions.caption(self.specs, self.dashboard, chart)
            self._chart(chart, text, width, row.height, path)

    def _example(self, example: Example) -> str:
        """A link that opens the query in SQL Lab, on the analysts' connection."""
        asked = {"dbid": self.sql_lab, "schema": "mart", "name": example.label, "sql": example.sql}
        return f"- [{example.label}](/sqllab?{urlencode(asked, quote_via=quote)}): {example.about}"

    def _chart(self, chart: Chart, caption: str, width: int, height: int, path: list[str]) -> None:
        if caption:
            path = self._add("COLUMN", chart.name, path, **_TRANSPARENT, width=width)
            caption_height = captions.height(caption, width=width)
            height -= caption_height
        meta = {"chartId": self.ids[chart.name], "uuid": str(identity("charts", chart.name)), "sliceName": chart.title}
        self._add("CHART", chart.name, path, **meta, width=width, height=height)
        if caption:
            self._add("MARKDOWN", f"reading-{chart.name}", path, code=caption, width=width, height=caption_height)


def _target(spec: Filter) -> Native:
    if spec.kind == "time":
        return {}
    return {"datasetUuid": str(identity("datasets", str(spec.dataset))), "column": {"name": spec.column}}


def _filter(specs: Specs, dashboard: Dashboard, spec: Filter) -> Native:
    ids = placeholders(dashboard)
    native = told(
        f"filter_{spec.kind}",
        id=f"NATIVE_FILTER-{spec.name.lower().replace(' ', '-')}",
        name=spec.name,
        description=spec.description,
        targets=[_target(spec)],
        scope=_scope(ids[name] for name in dashboard.charts if not specs.acts_on(spec, name)),
    )
    if spec.single and "multiSelect" in native["controlValues"]:
        native["controlValues"]["multiSelect"] = False
    return native


def _scope(excluded: Iterable[int]) -> Native:
    return {"rootPath": ["ROOT_ID"], "excluded": sorted(excluded)}


def _cross_filters(specs: Specs, dashboard: Dashboard) -> Native:
    """A click on a chart filters the charts that have every column that the click sends."""
    ids = placeholders(dashboard)
    found: Native = {}
    for name, number in ids.items():
        heard = clicks.listeners(specs, dashboard, specs.charts[name])
        scope = _scope(ids[other] for other in ids.keys() - heard)
        found[str(number)] = {"id": number, "crossFilters": {"scope": scope, "chartsInScope": []}}
    return found


def metadata(specs: Specs, dashboard: Dashboard) -> Native:
    return told(
        "metadata",
        native_filter_configuration=[_filter(specs, dashboard, spec) for spec in dashboard.filters],
        chart_configuration=_cross_filters(specs, dashboard),
        refresh_frequency=dashboard.refresh_seconds,
        label_colors=current().colours | specs.brand.labels,
        color_scheme_domain=list(specs.brand.series),
    )
