"""From a dashboard spec to Superset's position tree, filters and metadata.

Chart ids in here are placeholders (1001 and on, in order of appearance): the importer maps them through the uuids.
"""

from typing import Any
from urllib.parse import quote, urlencode

from bootstrap.assets import captions, clicks
from bootstrap.assets.examples import Example
from bootstrap.assets.identity import identity
from bootstrap.assets.spec import Brand, Chart, Dashboard, Filter, Row, Specs, Tab
from bootstrap.project import current

Native = dict[str, Any]
_FILTER_TYPES = {
    "last": "filter_range",
    "months": "filter_select",
    "time": "filter_time",
    "values": "filter_select",
}
_MAXIMUM = 2  # of Superset's SingleValueType: one number, for values up to it


def placeholders(dashboard: Dashboard) -> dict[str, int]:
    """Chart name to placeholder id."""
    return {name: 1001 + index for index, name in enumerate(dashboard.charts)}


def _node(kind: str, key: str, parents: list[str], meta: Native) -> Native:
    return {"id": f"{kind}-{key}", "type": kind, "children": [], "parents": parents, "meta": meta}


def tab_ids(dashboard: Dashboard) -> dict[str, str]:
    """The name of each tab to the id of its node."""
    return {tab.name: f"TAB-{index}" for index, tab in enumerate(dashboard.tabs)}


class Tree:
    """Grows the position of one dashboard, node by node."""

    def __init__(self, specs: Specs, dashboard: Dashboard, sql_lab: int) -> None:
        self.specs, self.dashboard, self.sql_lab = specs, dashboard, sql_lab
        self.ids = placeholders(dashboard)
        self.nodes: Native = {
            "DASHBOARD_VERSION_KEY": "v2",
            "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": []},
            "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": [], "parents": ["ROOT_ID"]},
            "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": dashboard.title}},
        }
        tabs = self._add(_node("TABS", "main", self._above(dashboard), {}))
        for index, tab in enumerate(dashboard.tabs):
            self._tab(tab, index, tabs)

    def _above(self, dashboard: Dashboard) -> list[str]:
        """The path of the tabs: below the root, or in the grid when header rows stand above them."""
        if not dashboard.header:
            return ["ROOT_ID"]
        self.nodes["ROOT_ID"]["children"] = ["GRID_ID"]
        path = ["ROOT_ID", "GRID_ID"]
        for index, row in enumerate(dashboard.header):
            key = f"header-{index}"
            self._row(row, key, self._add(_node("ROW", key, path, {"background": "BACKGROUND_TRANSPARENT"})))
        return path

    def _add(self, node: Native) -> list[str]:
        """Hang the node below its last parent; return its own path for children."""
        self.nodes[node["id"]] = node
        self.nodes[node["parents"][-1]]["children"].append(node["id"])
        return [*node["parents"], node["id"]]

    def _tab(self, tab: Tab, index: int, tabs: list[str]) -> None:
        meta = {"text": tab.name, "defaultText": "Tab title", "placeholder": "Tab title"}
        path = self._add(_node("TAB", f"{index}", tabs, meta))
        for row_index, row in enumerate(tab.rows):
            key = f"{index}-{row_index}"
            row_path = self._add(_node("ROW", key, path, {"background": "BACKGROUND_TRANSPARENT"}))
            self._row(row, key, row_path)

    def _row(self, row: Row, key: str, path: list[str]) -> None:
        note = row.note or "\n".join(self._example(self.specs.examples[name]) for name in row.examples)
        if note:
            self._add(_node("MARKDOWN", key, path, {"code": note, "width": 12, "height": row.height}))
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
            column = {"background": "BACKGROUND_TRANSPARENT", "width": width}
            path = self._add(_node("COLUMN", chart.name, path, column))
            caption_height = captions.height(caption, width=width)
            height -= caption_height
        meta = {
            "chartId": self.ids[chart.name],
            "uuid": str(identity("charts", chart.name)),
            "sliceName": chart.title,
            "width": width,
            "height": height,
        }
        self._add(_node("CHART", chart.name, path, meta))
        if caption:
            note = {"code": caption, "width": width, "height": caption_height}
            self._add(_node("MARKDOWN", f"reading-{chart.name}", path, note))


def _controls(spec: Filter) -> Native:
    if spec.kind == "time":
        return {"enableEmptyFilter": False}
    if spec.kind == "last":
        return {"enableEmptyFilter": False, "enableSingleValue": _MAXIMUM, "rangeDisplayMode": "input"}
    return {
        "enableEmptyFilter": False,
        "multiSelect": not spec.single,
        "creatable": False,  # else half a word and Enter make a value that no row has
        "defaultToFirstItem": False,
        "searchAllOptions": False,
        "inverseSelection": False,
        "sortAscending": spec.kind != "months",
    }


def _target(spec: Filter) -> Native:
    if spec.kind == "time":
        return {}
    return {"datasetUuid": str(identity("datasets", str(spec.dataset))), "column": {"name": spec.column}}


def _filter(specs: Specs, dashboard: Dashboard, spec: Filter) -> Native:
    ids = placeholders(dashboard)
    excluded = [ids[name] for name in dashboard.charts if not specs.acts_on(spec, name)]
    return {
        "id": f"NATIVE_FILTER-{spec.name.lower().replace(' ', '-')}",
        "type": "NATIVE_FILTER",
        "name": spec.name,
        "filterType": _FILTER_TYPES[spec.kind],
        "description": spec.description,
        "targets": [_target(spec)],
        "cascadeParentIds": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
        "controlValues": _controls(spec),
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
    }


def _cross_filters(specs: Specs, dashboard: Dashboard) -> Native:
    """A click on a chart filters the charts that have every column that the click sends."""
    ids = placeholders(dashboard)
    found: Native = {}
    for name, number in ids.items():
        heard = clicks.listeners(specs, dashboard, specs.charts[name])
        scope = {"rootPath": ["ROOT_ID"], "excluded": sorted(ids[other] for other in ids.keys() - heard)}
        found[str(number)] = {"id": number, "crossFilters": {"scope": scope, "chartsInScope": []}}
    return found


def colours(brand: Brand) -> dict[str, str]:
    """Label to colour: the same everywhere."""
    return {**current().colours, **brand.labels}


def metadata(specs: Specs, dashboard: Dashboard) -> Native:
    return {
        "native_filter_configuration": [_filter(specs, dashboard, spec) for spec in dashboard.filters],
        "chart_configuration": _cross_filters(specs, dashboard),
        "global_chart_configuration": {"scope": {"rootPath": ["ROOT_ID"], "excluded": []}, "chartsInScope": []},
        "chart_customization_config": [],
        "timed_refresh_immune_slices": [],
        "expanded_slices": {},
        "refresh_frequency": dashboard.refresh_seconds,
        "stagger_refresh": False,
        "color_scheme": "lgs",
        "color_namespace": "",
        "label_colors": colours(specs.brand),
        "shared_label_colors": [],
        "map_label_colors": {},
        "color_scheme_domain": list(specs.brand.series),
        "cross_filters_enabled": True,
        "filter_bar_orientation": "HORIZONTAL",
    }


def position(specs: Specs, dashboard: Dashboard, *, sql_lab: int) -> Native:
    """The tree; ``sql_lab`` is the numeric id of the connection that examples open with."""
    return Tree(specs, dashboard, sql_lab).nodes
