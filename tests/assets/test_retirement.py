"""What left the specs and is used by what people made: the publish stops and names it, or keeps it as retired."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bootstrap.assets import Published, Site, publish
from bootstrap.assets.client import Client
from bootstrap.assets.identity import identity
from bootstrap.assets.live import Live
from bootstrap.assets.retirement import RETIRED
from bootstrap.errors import CheckFailed
from bootstrap.project import current
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.spec import Layer
from tests.assets.conftest import silent
from tests.assets.people import CHARTS, DASHBOARDS, Person, made
from tests.assets.test_publish import add_chart, edit, labels

pytestmark = pytest.mark.stack
Run = Callable[..., Published]


@pytest.fixture
def run(site: Site, specs: Path) -> Iterator[Run]:
    def publish_with(layer: Layer, **options: bool) -> Published:
        return publish(site, layer, specs=specs, progress=silent(), **options)

    yield publish_with
    publish(site, load_layer(current().views), specs=current().superset, progress=silent())


def own_chart(person: Person, dataset: int, **params: Any) -> int:
    body = {"slice_name": "Own chart", "viz_type": "table", "datasource_id": dataset, "datasource_type": "table"}
    return made(person, CHARTS, body | {"params": json.dumps({"viz_type": "table", **params})})


def data(person: Person, dataset: int, metric: str) -> Any:
    """What the person's own chart on the dataset shows."""
    body = {"datasource": {"id": dataset, "type": "table"}, "queries": [{"columns": [], "metrics": [metric]}]}
    answer = person.send("POST", "/api/v1/chart/data", json=body)
    assert answer.ok, answer.text
    return answer.json()["result"][0]["data"]


def without(twin: str, layer: Layer) -> Layer:
    """The layer without a dataset, whose relation stays."""
    hide = [one.model_copy(update={"dataset": False}) if one.name == twin else one for one in layer.twins]
    return layer.model_copy(update={"twins": tuple(hide)})


def test_a_dataset_that_left_is_kept_for_the_charts_on_it(
    run: Run,
    admin: Client,
    layer: Layer,
    marketer: Person,
) -> None:
    run(layer)
    uuid = str(identity("datasets", "calendar"))
    number = Live.read(admin).ids["datasets"][uuid]
    chart = own_chart(marketer, number, all_columns=["day"], query_mode="raw")
    lacking = without("calendar", layer)

    planned = run(lacking, plan_only=True)
    assert labels(planned, "retire") == ["dataset 'calendar'"]
    (orphan,) = planned.plan.orphans
    assert orphan.what == "dataset 'calendar'"
    assert orphan.users[0].startswith("chart 'Own chart' of ")
    with pytest.raises(CheckFailed, match=r"dataset 'calendar', used by chart 'Own chart' of .*--orphan"):
        run(lacking)
    assert admin.get(f"/api/v1/dataset/{number}")["result"]["description"].startswith(RETIRED) is False

    assert labels(run(lacking, orphan=True), "retire") == ["dataset 'calendar'"]
    kept = admin.get(f"/api/v1/dataset/{number}")["result"]
    assert kept["description"].startswith(RETIRED)
    assert "certification" not in json.loads(kept["extra"])
    assert not run(lacking).changed, "what is retired stops no publish"

    assert "update    dataset calendar" in run(layer, plan_only=True).lines()[1]
    run(layer)
    assert Live.read(admin).ids["datasets"][uuid] == number
    assert not admin.get(f"/api/v1/dataset/{number}")["result"]["description"].startswith(RETIRED)
    admin.delete(f"{CHARTS}{chart}")


def test_what_is_retired_goes_when_nobody_uses_it_any_more(
    run: Run,
    admin: Client,
    layer: Layer,
    marketer: Person,
) -> None:
    run(layer)
    uuid = str(identity("datasets", "calendar"))
    chart = own_chart(marketer, Live.read(admin).ids["datasets"][uuid])
    run(without("calendar", layer), orphan=True)
    assert marketer.may("DELETE", f"{CHARTS}{chart}")
    assert labels(run(without("calendar", layer)), "prune") == ["dataset 'calendar'"]
    assert uuid not in Live.read(admin).ids["datasets"]


def test_a_metric_that_left_is_kept_for_the_charts_that_use_it(
    run: Run,
    admin: Client,
    layer: Layer,
    marketer: Person,
) -> None:
    run(layer)
    number = Live.read(admin).ids["datasets"][str(identity("datasets", "product_month"))]
    metric = "units"
    chart = own_chart(marketer, number, metrics=[metric])
    before = data(marketer, number, metric)
    twins = [
        twin.model_copy(update={"metrics": tuple(name for name in twin.metrics if name != metric)})
        if twin.name == "product_month"
        else twin
        for twin in layer.twins
    ]
    lacking = layer.model_copy(update={"twins": tuple(twins)})
    with pytest.raises(CheckFailed, match=r"metric units of dataset product_month, used by chart 'Own chart' of .*"):
        run(lacking)
    assert labels(run(lacking, orphan=True), "update") == ["dataset product_month"]
    assert data(marketer, number, metric) == before
    rows = {row["metric_name"]: row for row in admin.get(f"/api/v1/dataset/{number}")["result"]["metrics"]}
    assert rows[metric]["warning_text"] == RETIRED
    assert not run(lacking).changed

    run(layer)
    again = {row["metric_name"]: row for row in admin.get(f"/api/v1/dataset/{number}")["result"]["metrics"]}
    assert (again[metric]["id"], again[metric]["warning_text"]) == (rows[metric]["id"], None)
    admin.delete(f"{CHARTS}{chart}")


def test_a_chart_that_left_is_kept_on_the_dashboards_of_people(
    run: Run,
    admin: Client,
    layer: Layer,
    specs: Path,
    marketer: Person,
) -> None:
    plain = (specs / "dashboards" / "sales_customers.yml").read_text()
    add_chart(specs)
    run(layer)
    uuid = str(identity("charts", "units"))
    number = Live.read(admin).ids["charts"][uuid]
    board = made(marketer, DASHBOARDS, {"dashboard_title": "Our spring mailing"})
    owned = [row["id"] for row in admin.get(f"{CHARTS}{number}")["result"]["dashboards"]]
    admin.put(f"{CHARTS}{number}", {"dashboards": [*owned, board]})
    spec = (specs / "charts" / "units.yml").read_text()
    (specs / "charts" / "units.yml").unlink()
    (specs / "dashboards" / "sales_customers.yml").write_text(plain)

    with pytest.raises(CheckFailed, match=r"chart .*, used by dashboard 'Our spring mailing' of .*"):
        run(layer)
    assert labels(run(layer, orphan=True), "retire") == ["chart 'How many units go out?'"]
    kept = admin.get(f"{CHARTS}{number}")["result"]
    assert kept["description"].startswith(RETIRED)
    assert kept["certified_by"] is None
    assert [row["id"] for row in kept["dashboards"]] == [board]
    assert not run(layer).changed

    (specs / "charts" / "units.yml").write_text(spec)
    edit(specs / "dashboards" / "sales_customers.yml", "monthly_sales: 7", "units: 3, monthly_sales: 4")
    run(layer)
    assert Live.read(admin).ids["charts"][uuid] == number
    assert admin.get(f"{CHARTS}{number}")["result"]["certified_by"]
    admin.delete(f"{DASHBOARDS}{board}")
