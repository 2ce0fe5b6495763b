"""A site of the benchmark's own, driven by the ``lgs`` command, and the one-row charts to compare its own with."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg2

from bootstrap import stack as stacks
from bootstrap.assets.client import Client, Json
from bootstrap.settings import load_settings
from bootstrap.stack import Stack
from tests.conftest import free_port

CONNECTION = "London Gift Shop"
_ONE_ROW = """
create schema bench;
create table bench.one_row as select 1 as amount;
grant usage on schema bench to lgs_reader;
grant select on bench.one_row to lgs_reader;
"""
_METRIC = {"label": "amount", "expressionType": "SQL", "sqlExpression": "sum(amount)"}


@dataclass(frozen=True)
class Site:
    """A site whose state is in ``home``; the ports are free ones."""

    home: Path
    postgres_port: int
    superset_port: int

    def lgs(self, *words: str) -> None:
        """Run one command of the product. Raises ``CalledProcessError`` when it fails."""
        with self.start(*words) as process:
            code = process.wait()
        if code:
            raise subprocess.CalledProcessError(code, process.args)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that say which site it is."""
        given = {"HOME": self.home, "POSTGRES_PORT": self.postgres_port, "SUPERSET_PORT": self.superset_port}
        return {f"LGS_{name}": str(value) for name, value in given.items()}

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        """A command that runs on."""
        environment = {**os.environ, **self.environment}
        return subprocess.Popen([sys.executable, "-m", "bootstrap", *words], env=environment, stdout=subprocess.DEVNULL)

    @cached_property
    def stack(self) -> Stack:
        ports = {"postgres_port": self.postgres_port, "superset_port": self.superset_port}
        return stacks.connect(load_settings(home=self.home, **ports))

    @cached_property
    def client(self) -> Client:
        return Client(self.stack.superset_url, self.stack.superset_username, self.stack.superset_password)

    def rows(self, path: str) -> list[Json]:
        """What a list endpoint gives on one page: a site like this has less than a hundred of each."""
        rows: list[Json] = self.client.get(f"{path}?q=(page_size:100)")["result"]
        return rows

    def charts(self) -> dict[int, str]:
        """The published charts: number to title."""
        rows = self.rows("/api/v1/chart/")
        return {row["id"]: row["slice_name"] for row in rows if row["certified_by"]}

    def forget_answers(self) -> None:
        """Empty the data cache of every dataset."""
        self.client.invalidate([row["id"] for row in self.rows("/api/v1/dataset/")])

    def dashboard(self) -> int:
        """The number of *Sales & customers*."""
        rows = self.rows("/api/v1/dashboard/")
        return next(int(row["id"]) for row in rows if row["slug"] == "sales-customers")


@contextmanager
def running(folder: Path, source: Path) -> Iterator[Site]:
    """A site with ``source`` loaded and published, stopped at the end."""
    site = Site(folder / "site", free_port(), free_port())
    try:
        site.lgs("up", "--source", str(source))
        yield site
    finally:
        site.lgs("down")


def add_one_row_charts(site: Site, count: int) -> tuple[list[int], int]:
    """So many charts on a table of one row, and a dashboard that shows them all: their numbers, its number."""
    with closing(psycopg2.connect(site.stack.url("admin"))) as connection, connection, connection.cursor() as cursor:
        cursor.execute(_ONE_ROW)
    post = site.client.post
    rows = site.rows("/api/v1/database/")
    database = next(row["id"] for row in rows if row["database_name"] == CONNECTION)
    table = {"database": database, "schema": "bench", "table_name": "one_row"}
    dataset = post("/api/v1/dataset/", table)["id"]
    dashboard = int(post("/api/v1/dashboard/", {"dashboard_title": "One row each"})["id"])
    charts = [int(post("/api/v1/chart/", _chart(dataset, dashboard, number))["id"]) for number in range(count)]
    layout = json.dumps(_layout(charts))
    metadata = json.dumps({"positions": _layout(charts)})
    site.client.put(f"/api/v1/dashboard/{dashboard}", {"position_json": layout, "json_metadata": metadata})
    return charts, dashboard


def _chart(dataset: int, dashboard: int, number: int) -> dict[str, object]:
    source = {"id": dataset, "type": "table"}
    form = {"viz_type": "big_number_total", "datasource": f"{dataset}__table", "metric": _METRIC}
    query = {"metrics": [_METRIC], "columns": [], "filters": [], "row_limit": 1}
    context = {"datasource": source, "force": False, "queries": [query], "form_data": form}
    context |= {"result_format": "json", "result_type": "full"}
    return {
        "slice_name": f"One row {number}",
        "viz_type": "big_number_total",
        "datasource_id": dataset,
        "datasource_type": "table",
        "params": json.dumps(form),
        "query_context": json.dumps(context),
        "dashboards": [dashboard],
    }


def _layout(charts: Sequence[int]) -> dict[str, object]:
    """Rows of three charts."""
    rows = [charts[start : start + 3] for start in range(0, len(charts), 3)]
    layout: dict[str, object] = {"DASHBOARD_VERSION_KEY": "v2"}
    names = [f"ROW-{number}" for number in range(len(rows))]
    layout["ROOT_ID"] = {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]}
    layout["GRID_ID"] = {"id": "GRID_ID", "type": "GRID", "children": names, "parents": ["ROOT_ID"]}
    for name, row in zip(names, rows, strict=True):
        cells = [f"CHART-{chart}" for chart in row]
        above = ["ROOT_ID", "GRID_ID"]
        style = {"background": "BACKGROUND_TRANSPARENT"}
        layout[name] = {"id": name, "type": "ROW", "children": cells, "parents": above, "meta": style}
        for cell, chart in zip(cells, row, strict=True):
            size = {"chartId": chart, "width": 4, "height": 30}
            layout[cell] = {"id": cell, "type": "CHART", "children": [], "parents": [*above, name], "meta": size}
    return layout
