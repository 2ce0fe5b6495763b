"""Reports and alerts by e-mail: what the import API cannot carry, compared and reconciled by REST.

Superset offers them only where it was given a mail server. Its API has no uuid for them, so that the mark of ownership
stands in the one field that nothing shows, ``context_markdown``.
"""

import json
from collections.abc import Mapping
from typing import Any

import psycopg2

from bootstrap.assets.access import Change
from bootstrap.assets.client import Client, Json
from bootstrap.assets.identity import identity, mark, read_name
from bootstrap.assets.layout import tab_ids
from bootstrap.assets.normal import differences, digest
from bootstrap.assets.spec import Alert, Report, Specs
from bootstrap.assets.verify import Ids
from bootstrap.connection import connected
from bootstrap.errors import CheckFailed
from bootstrap.semantic.spec import Layer

PATH = "/api/v1/report/"
_DAY = 86_400
_KIND = "reports"
_WIDTH = 1600  # pixels; as wide as a browser's window on a large screen
_SECONDS = 900  # after which a report that does not end is given up
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


def _dashboard(report: Report, specs: Specs, numbers: Ids) -> Json:
    dashboard = specs.dashboards[str(report.dashboard)]
    tabs = tab_ids(dashboard)
    chosen = [tabs[name] for name in report.tabs or tabs]
    anchor = chosen[0] if len(chosen) == 1 else json.dumps(chosen)  # by itself, the link in the mail leads to it too
    return {
        "dashboard": numbers["dashboards"].get(str(identity("dashboards", dashboard.name))),
        "chart": None,
        "extra": {"dashboard": {"anchor": anchor}},
        "custom_width": _WIDTH,
    }


def _chart(report: Report, numbers: Ids) -> Json:
    number = numbers["charts"].get(str(identity("charts", str(report.chart))))
    return {"chart": number, "dashboard": None, "extra": {}, "custom_width": None}


def _alert(alert: Alert, specs: Specs, numbers: Ids) -> Json:
    return {
        "database": numbers["databases"].get(str(identity("databases", "reader"))),
        "sql": alert_sql(alert, specs.layer),
        "validator_type": "operator",
        "validator_config_json": {"op": alert.op, "threshold": alert.limit},
        "grace_period": alert.quiet_days * _DAY,
    }


def _reason(alert: Alert, layer: Layer) -> str:
    """The sentence that says why an alert was sent."""
    metric = layer.metrics[alert.metric]
    shown = format(alert.limit, metric.format.replace("d", ".0f"))
    return f"{metric.label} is {_WORDS[alert.op]} {metric.currency or ''}{shown}."


def _type(report: Report) -> str:
    return "Alert" if report.alert else "Report"


def wanted(report: Report, specs: Specs, numbers: Ids) -> Json:
    """What Superset is to hold for a report, in the form of its API, without the mark."""
    addresses = [specs.access.users[name].email if name in specs.access.users else name for name in report.to]
    common = {
        "type": _type(report),
        "name": report.title,
        "email_subject": report.title,
        "description": " ".join([*([_reason(report.alert, specs.layer)] if report.alert else []), report.description]),
        "active": True,
        "creation_method": "alerts_reports",  # by any other, a dashboard can have one report alone
        "crontab": report.at,
        "timezone": report.timezone,
        "report_format": report.format,
        "force_screenshot": True,
        "working_timeout": _SECONDS,
        "recipients": [{"type": "Email", "recipient_config_json": {"target": ", ".join(addresses)}}],
    }
    thing = _dashboard(report, specs, numbers) if report.dashboard else _chart(report, numbers)
    return common | thing | (_alert(report.alert, specs, numbers) if report.alert else {})


def _found(row: Json, keys: Mapping[str, Any]) -> Json:
    """What Superset holds, in the same form."""
    found = {key: row.get(key) for key in keys}
    for name in ("chart", "dashboard", "database"):
        if name in found:
            found[name] = (row.get(name) or {}).get("id")
    if "validator_config_json" in found:
        found["validator_config_json"] = json.loads(row["validator_config_json"] or "{}")
    found["recipients"] = [
        {"type": entry["type"], "recipient_config_json": json.loads(entry["recipient_config_json"])}
        for entry in row["recipients"]
    ]
    return found


def _change(client: Client, name: str, body: Json, row: Json | None) -> Change | None:
    """How to get from the row that Superset holds to the body, if there is a way to go."""
    if row is None:
        return Change("create", f"report {name}", (), lambda: _send(client, name, body, None))
    found = _found(row, body)
    fields = tuple(differences(found, body))
    if not fields and _named(row) == name:
        return None
    drift = _named(row) == name and row[_MARK] != mark(_KIND, name, digest(found))
    return Change("update", f"report {name}", fields, lambda: _send(client, name, body, row["id"]), drift=drift)


def _send(client: Client, name: str, body: Json, number: int | None) -> None:
    """Write a report; its pictures are taken with the rights of whoever publishes, who also hears of failures."""
    _open_tabs(client, body)
    sealed = body | {_MARK: mark(_KIND, name, digest(body)), "owners": [client.get("/api/v1/me/")["result"]["id"]]}
    if number is None:
        client.post(PATH, sealed)
    else:
        client.put(f"{PATH}{number}", sealed)


def _open_tabs(client: Client, body: Json) -> None:
    """Have the address of each tab made now.

    Superset 6.1 makes a missing one inside the transaction of the report, where its own browser cannot see it: the
    first report would fail.
    """
    anchor = body["extra"].get("dashboard", {}).get("anchor")
    if anchor is None:
        return
    seen = {"urlParams": [["native_filters", "()"]]}
    many = {"dataMask": None, "activeTabs": None}
    states = (
        [seen | many | {"anchor": tab} for tab in json.loads(anchor)] if "[" in anchor else [seen | {"anchor": anchor}]
    )
    for state in states:
        client.post(f"/api/v1/dashboard/{body['dashboard']}/permalink", state)


def _named(row: Json) -> str | None:
    return read_name(row[_MARK], _KIND)


def _match(rows: list[Json], name: str, report: Report) -> Json | None:
    """Our row of this name, or the one that stands in its place. A report never becomes an alert."""
    same = [row for row in rows if row["type"] == _type(report)]
    ours = [row for row in same if _named(row) == name]
    return next(iter([*ours, *(row for row in same if row["name"] == report.title)]), None)


def read(client: Client) -> list[Json] | None:
    """The reports that Superset holds; ``None`` where it does not offer them."""
    if not client.offers(PATH):
        return None
    return [client.get(f"{PATH}{row['id']}")["result"] for row in client.list(PATH)]


def clashes(specs: Specs, rows: list[Json] | None) -> list[str]:
    """Somebody else's reports that have the name of one of ours."""
    found = [_match(rows or [], name, report) for name, report in specs.reports.items()]
    return [f"report {row['name']!r}" for row in found if row and _named(row) is None]


def report_changes(specs: Specs, client: Client, rows: list[Json] | None, numbers: Ids) -> list[Change]:
    """What to do about reports, given those that Superset holds."""
    if rows is None:
        return []
    bodies = {name: wanted(report, specs, numbers) for name, report in specs.reports.items()}
    found = {name: _match(rows, name, specs.reports[name]) for name in bodies}
    changes = (_change(client, name, body, found[name]) for name, body in bodies.items())
    kept = [row["id"] for row in found.values() if row]
    left = [row for row in rows if _named(row) and row["id"] not in kept]
    return [*(_prune(client, row) for row in left), *(change for change in changes if change)]


def _prune(client: Client, row: Json) -> Change:
    return Change("prune", f"report {_named(row)}", (), lambda: client.delete(f"{PATH}{row['id']}"))
