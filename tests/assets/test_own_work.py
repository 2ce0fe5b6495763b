"""What people make on the site is theirs: a publish leaves it alone, and what cannot work says why."""

from pathlib import Path

import pytest

from bootstrap.assets.client import Client
from bootstrap.project import current
from tests.assets.conftest import Publish
from tests.assets.people import CHARTS, DASHBOARDS, Person, made
from tests.assets.test_publish import add_chart, labels

pytestmark = pytest.mark.stack


def test_own_charts_and_dashboards_survive_a_publish_that_prunes(
    marketer: Person, admin: Client, specs: Path, publish_specs: Publish
) -> None:
    dataset = admin.list("/api/v1/dataset/")[0]["id"]
    dashboard = made(marketer, DASHBOARDS, {"dashboard_title": "Our spring mailing"})
    chart = made(
        marketer,
        CHARTS,
        {
            "slice_name": "Own chart",
            "viz_type": "table",
            "datasource_id": dataset,
            "datasource_type": "table",
            "params": "{}",
            "dashboards": [dashboard],
        },
    )
    add_chart(specs)
    publish_specs(specs)
    assert labels(publish_specs(current().superset), "prune") == ["chart 'How many units go out?'"]
    assert marketer.json(f"{DASHBOARDS}{dashboard}")["result"]["dashboard_title"] == "Our spring mailing"
    assert [one["slice_name"] for one in marketer.json(f"{DASHBOARDS}{dashboard}/charts")["result"]] == ["Own chart"]
    for path in (f"{CHARTS}{chart}", f"{DASHBOARDS}{dashboard}"):
        assert marketer.may("DELETE", path)


def test_a_forecast_says_that_it_is_not_available(marketer: Person, admin: Client) -> None:
    month = {"columnType": "BASE_AXIS", "sqlExpression": "month", "label": "month", "expressionType": "SQL"}
    forecast = {
        "operation": "prophet",
        "options": {"time_grain": "P1M", "periods": 3, "confidence_interval": 0.8, "index": "month"},
    }
    asked = {
        "columns": [month],
        "metrics": ["sales"],
        "post_processing": [forecast],
        "extras": {"time_grain_sqla": "P1M"},
    }
    body = {"datasource": {"id": _dataset(admin, "sales_month"), "type": "table"}, "queries": [asked]}
    answer = marketer.send("POST", "/api/v1/chart/data", json=body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Forecasts are not available in Explore. Untick Enable forecast")


def _dataset(admin: Client, name: str) -> int:
    return int(next(row["id"] for row in admin.list("/api/v1/dataset/") if row["table_name"] == name))
