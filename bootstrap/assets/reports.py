"""Reports and alerts by e-mail: what the import API cannot carry, compared and reconciled by REST.

Superset offers them only where it was given a mail server. Its API has no uuid for them, so that the mark of ownership
stands in the one field that nothing shows, ``context_markdown``.
"""

import json
from collections.abc import Sequence

import psycopg2

from bootstrap.assets.client import Client, Json
from bootstrap.assets.identity import mark, read_name
from bootstrap.assets.layout import tab_ids
from bootstrap.assets.live import Live
from bootstrap.assets.native import OBJECTS, told
from bootstrap.assets.normal import differences, digest
from bootstrap.assets.resource import Form, Resource
from bootstrap.assets.spec import Alert, Report, Specs
from bootstrap.connection import connected
from bootstrap.errors import CheckFailed
from bootstrap.semantic.spec import Layer

PATH = "/api/v1/report/"
_DAY = 86_400
_KIND = "reports"
_WIDTH = 1600  # pixels; as wide as a browser's window on a large screen
_MARK = "context_markdown"
_WORDS = {"<": "below", "<=": "at or below", ">": "above", ">=": "at or above", "==": "exactly", "!=": "not"}


def alert_sql(alert: Alert, layer: Layer) -> str:
    """The query of one number that is compared with the limit; it is the metric's one definition."""
    twin, metric = layer.twin(alert.dataset), layer.metrics[alert.metric]
    where = f"\nwhere {alert.where}" if alert.where else ""
    return f"select {metric.expression} as {metric.name}\nfrom {twin.relation}{where}"


def require_numbers(specs: Specs, reader_url: str) -> None:
    """Ask for the number of every alert. Raises ``CheckFailed`` unless it is one, or nothing."""
    alerts = {name: report.alert for name, report in specs.reports.items() if report.alert}
    if not alerts:
        return
    with connected(reader_url) as connection, connection.cursor() as cursor:
        for name, alert in alerts.items():
            try:
                cursor.execute(alert_sql(alert, specs.layer))
                [float(value) for value in cursor.fetchone() or () if value is not None]
            except (psycopg2.Error, ValueError, TypeError) as error:
                raise CheckFailed(
                    f"The alert {name!r} asks for no number: {str(error).strip()} "
                    f"Correct its metric or where in superset/reports/{name}.yml."
                ) from error


def _dashboard(report: Report, specs: Specs, live: Live) -> Form:
    dashboard = specs.dashboards[str(report.dashboard)]
    tabs = tab_ids(dashboard)
    chosen = [tabs[name] for name in report.tabs or tabs]
    anchor = chosen[0] if len(chosen) == 1 else json.dumps(chosen)  # by itself, the link in the mail leads to it too
    return {
        "dashboard": live.number("dashboards", dashboard.name),
        "extra": {"dashboard": {"anchor": anchor}},
        "custom_width": _WIDTH,
    }


def _alert(alert: Alert, specs: Specs, live: Live) -> Form:
    return {
        "database": live.number("databases", "reader"),
        "sql": alert_sql(alert, specs.layer),
        "validator_config_json": {"op": alert.op, "threshold": alert.limit},
        "grace_period": alert.quiet_days * _DAY,
    }


def _reason(alert: Alert, layer: Layer) -> str:
    """The sentence that says why an alert was sent."""
    metric = layer.metrics[alert.metric]
    shown = format(alert.limit, metric.format.replace("d", ".0f"))
    return f"{metric.label} is {_WORDS[alert.op]} {metric.currency or ''}{shown}. "


def _kind(report: Report) -> str:
    return "alert" if report.alert else "report"


class Reports(Resource):
    """A report never becomes an alert, or the other way round: Superset does not allow it."""

    kind = "reports"

    def __init__(self, specs: Specs, live: Live) -> None:
        self.specs, self.live, self.client = specs, live, live.client
        self.is_offered = self.client.offers(PATH)
        self.reports = {f"report {name}": spec for name, spec in specs.reports.items() if self.is_offered}
        self.rows: dict[str, Json] = {}

    def read(self) -> dict[str, Form]:
        listed = self.client.list(PATH) if self.is_offered else []
        self.rows = self._named([self.client.get(f"{PATH}{row['id']}")["result"] for row in listed])
        return {name: _found(row) for name, row in self.rows.items()}

    def _named(self, rows: list[Json]) -> dict[str, Json]:
        """Ours, and those that stand in the place of one of ours."""
        matches = {name: _match(rows, name, report) for name, report in self.reports.items()}
        found = {name: row for name, row in matches.items() if row}
        numbers = [row["id"] for row in found.values()]
        for row in (row for row in rows if _spec(row) and row["id"] not in numbers):
            name = f"report {_spec(row)}"  # a spec may have it that became an alert, or the other way round
            found[f"{name} ({row['type'].lower()})" if name in self.reports else name] = row
        return found

    def want(self) -> dict[str, Form]:
        return {name: _wanted(report, self.specs, self.live) for name, report in self.reports.items()}

    def differ(self, before: Form, after: Form) -> Sequence[str]:
        return differences({key: before.get(key) for key in after}, after)

    def clashes(self) -> list[str]:
        return [f"report {row['name']!r}" for row in self.rows.values() if _spec(row) is None]

    def send(self, name: str, form: Form) -> None:
        """Its picture is taken with the rights of whoever publishes, who also hears of failures."""
        form = {key: value for key, value in form.items() if key != "certification"}
        _open_tabs(self.client, form)
        owners = [self.client.get("/api/v1/me/")["result"]["id"]]
        body = form | {_MARK: mark(_KIND, name, digest(form)), "owners": owners}
        if row := self.rows.get(f"report {name}"):
            self.client.put(f"{PATH}{row['id']}", body)
        else:
            self.client.post(PATH, body)

    def delete(self, name: str) -> None:
        self.client.delete(f"{PATH}{self.rows[f'report {name}']['id']}")


def _wanted(report: Report, specs: Specs, live: Live) -> Form:
    """What Superset is to hold for a report, in the form of its API; its mark is the name of the spec."""
    addresses = [specs.access.users[name].email if name in specs.access.users else name for name in report.to]
    alert = report.alert
    form = told(
        _kind(report),
        certification=report.name,
        name=report.title,
        email_subject=report.title,
        description=(_reason(alert, specs.layer) if alert else "") + report.description,
        crontab=report.at,
        timezone=report.timezone,
        report_format=report.format,
        recipients=[{"type": "Email", "recipient_config_json": {"target": ", ".join(addresses)}}],
        chart=live.number("charts", report.chart) if report.chart else None,
    )
    of_dashboard = _dashboard(report, specs, live) if report.dashboard else {}
    return form | of_dashboard | (_alert(alert, specs, live) if alert else {})


def _found(row: Json) -> Form:
    """What Superset holds, in the form in which it is wanted."""
    things = {name: (row.get(name) or {}).get("id") for name in ("chart", "dashboard", "database")}
    recipients = [
        {"type": entry["type"], "recipient_config_json": json.loads(entry["recipient_config_json"])}
        for entry in row["recipients"]
    ]
    validator = json.loads(row.get("validator_config_json") or "{}")
    held = {"recipients": recipients, "validator_config_json": validator, "certification": _spec(row)}
    return {key: row.get(key) for key in OBJECTS["alert"]} | things | held


def _open_tabs(client: Client, body: Json) -> None:
    """Have the address of each tab made now.

    Superset 6.1 makes a missing one inside the transaction of the report, where its own browser cannot see it: the
    first report would fail.
    """
    anchor = body["extra"].get("dashboard", {}).get("anchor")
    if anchor is None:
        return
    many = {"dataMask": None, "activeTabs": None} if "[" in anchor else {}
    for tab in json.loads(anchor) if many else [anchor]:
        state = {"urlParams": [["native_filters", "()"]], **many, "anchor": tab}
        client.post(f"/api/v1/dashboard/{body['dashboard']}/permalink", state)


def _spec(row: Json) -> str | None:
    """The spec that the mark of a report names."""
    return read_name(row[_MARK], _KIND)


def _match(rows: list[Json], name: str, report: Report) -> Json | None:
    """Our row of this name, or the one that stands in its place."""
    same = [row for row in rows if row["type"].lower() == _kind(report)]
    ours = [row for row in same if f"report {_spec(row)}" == name]
    return next(iter(ours or [row for row in same if row["name"] == report.title]), None)
