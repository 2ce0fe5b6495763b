"""Asks Superset whether what was published really stands: links, data, connections. Only reads."""

from bootstrap.assets.client import Client
from bootstrap.assets.identity import identity
from bootstrap.assets.live import Ids
from bootstrap.assets.spec import Chart, Dashboard
from bootstrap.errors import CheckFailed


def linked(client: Client, dashboard: Dashboard, ids: Ids) -> bool:
    """Whether exactly the charts of the spec hang on the dashboard."""
    number = ids["dashboards"][str(identity("dashboards", dashboard.name))]
    rows = client.get(f"/api/v1/dashboard/{number}/charts")["result"]
    return {row["id"] for row in rows} == {ids["charts"][str(identity("charts", name))] for name in dashboard.charts}


def answers(client: Client, chart: Chart, ids: Ids) -> int:
    """How many rows the chart's own data request gives: a small shop may have none. Raises ``CheckFailed``."""
    number = ids["charts"][str(identity("charts", chart.name))]
    try:
        found = client.get(f"/api/v1/chart/{number}/data/")
    except CheckFailed as error:
        raise CheckFailed(f"The chart {chart.name!r} does not answer. {error}") from error
    for result in found["result"]:
        if why := result.get("error"):
            raise CheckFailed(f"The chart {chart.name!r} answers with {why}. Correct its spec or its dataset's view.")
    # A paged list asks for the number of all rows too, which is a row even where there are none.
    counted = found["result"][:1] if chart.paged else found["result"]
    return sum(result["rowcount"] for result in counted)
