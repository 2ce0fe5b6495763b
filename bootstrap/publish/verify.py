"""Asks Superset whether what was published really stands: links, data, connections. Only reads."""

from collections.abc import Iterable

from bootstrap.errors import CheckFailed
from bootstrap.publish.client import Client, Json
from bootstrap.publish.identity import identity
from bootstrap.publish.spec import Chart, Dashboard

Ids = dict[str, dict[str, int]]


def linked(client: Client, dashboard: Dashboard, ids: Ids) -> bool:
    """Whether exactly the charts of the spec hang on the dashboard."""
    number = ids["dashboards"][str(identity("dashboards", dashboard.name))]
    rows = client.get(f"/api/v1/dashboard/{number}/charts")["result"]
    return {row["id"] for row in rows} == {ids["charts"][str(identity("charts", name))] for name in dashboard.charts}


def answers(client: Client, chart: Chart, ids: Ids) -> Json:
    """The chart's own data request. Raises ``CheckFailed`` when it fails or returns no row."""
    number = ids["charts"][str(identity("charts", chart.name))]
    try:
        found = client.get(f"/api/v1/chart/{number}/data/")
    except CheckFailed as error:
        raise CheckFailed(f"The chart {chart.name!r} does not answer. {error}") from error
    for result in found["result"]:
        if result.get("error") or not result.get("rowcount"):
            why = result.get("error") or "no rows"
            raise CheckFailed(f"The chart {chart.name!r} answers with {why}. Correct its spec or its dataset's view.")
    return found


def all_answer(client: Client, charts: Iterable[Chart], ids: Ids) -> int:
    """Ask every chart; returns how many rows they answered with together."""
    return sum(result["rowcount"] for chart in charts for result in answers(client, chart, ids)["result"])
