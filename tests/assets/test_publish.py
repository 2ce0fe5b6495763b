"""Publishing to a real Superset: plan, apply, prune, drift, clashes, and never half."""

import json
import shutil
from dataclasses import replace
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import psycopg2
import pytest
import requests
import yaml
from pydantic import SecretStr

from bootstrap.assets import Published, Site, publish
from bootstrap.assets.client import Client
from bootstrap.assets.identity import identity
from bootstrap.assets.live import Live
from bootstrap.errors import CheckFailed, Unreachable, UsageError
from bootstrap.project import current
from bootstrap.roles import ensure_roles
from bootstrap.runs import site_of
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.spec import Layer
from bootstrap.stack.address import replaced
from tests.assets.conftest import Publish, silent
from tests.conftest import Shop, free_port

pytestmark = pytest.mark.stack
TABLES = ("dbs", "tables", "table_columns", "sql_metrics", "slices", "dashboards", "row_level_security_filters")
NEW_CHART = """
title: How many units go out?
viz: line
dataset: sales_month
metrics: [units]
x: month
"""


GUESTS = """
description: What is sold. One row per month.
kind: view
key: [month]
owner: Analytics
time: month
columns: [month, sales]
metrics: [sales]
"""
OTHER_KINDS = {
    "kpi": "metrics: [sales]",
    "trend": "metrics: [sales]\nx: month",
    "mixed": "metrics: [sales]\nmore_metrics: [orders]\nx: month",
    "treemap": "metrics: [sales]\nby: [segment, country]",
    "pivot": "metrics: [sales]\nx: month\nby: [segment]",
    "bubble": "metrics: [orders, sales, units]\nby: [country, segment]",
}


def stamps(shop: Shop) -> list[tuple[Any, ...]]:
    """When each object of Superset was last changed."""
    union = " union all ".join(f"select '{table}', id, changed_on from {table}" for table in TABLES)
    with psycopg2.connect(shop.stack.url("metadata")) as connection, connection.cursor() as cursor:
        cursor.execute(f"{union} order by 1, 2")
        return cursor.fetchall()


def execute(shop: Shop, statement: str) -> None:
    with psycopg2.connect(shop.stack.url("metadata")) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def chart_id(admin: Client, name: str) -> int:
    return Live.read(admin).ids["charts"][str(identity("charts", name))]


def chart(admin: Client, name: str) -> dict[str, Any]:
    found: dict[str, Any] = admin.get(f"/api/v1/chart/{chart_id(admin, name)}")["result"]
    return found


def labels(published: Published, verb: str) -> list[str]:
    return [step.label for step in published.steps if step.verb == verb]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def add_chart(specs: Path) -> None:
    (specs / "charts" / "units.yml").write_text(NEW_CHART)
    dashboard = yaml.safe_load((specs / "dashboards" / "sales_customers.yml").read_text())
    dashboard["tabs"][0]["rows"].append({"charts": {"units": 12}})
    (specs / "dashboards" / "sales_customers.yml").write_text(yaml.safe_dump(dashboard, sort_keys=False))


def test_nothing_is_sent_when_nothing_changed(shop: Shop, publish_specs: Publish) -> None:
    publish_specs(current().superset)
    before = stamps(shop)
    published = publish_specs(current().superset)
    assert not published.changed
    assert "nothing was sent" in published.lines()[0]
    assert stamps(shop) == before


def _cached(shop: Shop) -> dict[str, set[str]]:
    """The keys of cached answers by the name of their dataset."""
    sql = "select table_name, cache_key from cache_keys inner join tables on datasource_uid = tables.id || '__table'"
    with psycopg2.connect(shop.stack.url("metadata")) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        found: dict[str, set[str]] = {}
        for name, key in cursor.fetchall():
            found.setdefault(name, set()).add(key)
        return found


def test_cached_answers_are_dropped_of_what_changed_alone(shop: Shop, site: Site, layer: Layer) -> None:
    publish(site, layer, specs=current().superset, fresh_data=True, progress=silent())
    before = _cached(shop)
    assert before["sales_month"]
    assert before["refresh_history"]
    with psycopg2.connect(shop.stack.url("metadata")) as connection, connection.cursor() as cursor:
        cursor.execute("update cache_keys set created_on = '2000-01-01'")
    changed = ["mart.refresh_history"]
    publish(site, layer, specs=current().superset, fresh_data=True, changed=changed, progress=silent())
    with psycopg2.connect(shop.stack.url("metadata")) as connection, connection.cursor() as cursor:
        cursor.execute("select distinct cache_key from cache_keys where created_on = '2000-01-01'")
        kept = {key for (key,) in cursor.fetchall()}
    assert before["sales_month"] <= kept
    assert not before["refresh_history"] & kept


def test_a_plan_names_the_fields_and_touches_nothing(shop: Shop, specs: Path, publish_specs: Publish) -> None:
    edit(specs / "charts" / "monthly_sales.yml", "How much do we sell each month?", "What do we sell each month?")
    before = stamps(shop)
    planned = publish_specs(specs, plan_only=True)
    assert planned.counts["update"] == 2
    assert planned.planned
    assert "  update    chart monthly_sales: slice_name" in planned.lines()
    assert "  update    dashboard sales_customers: position" in planned.lines()
    assert stamps(shop) == before


def test_a_plan_goes_beyond_what_is_built(site: Site, specs: Path, tmp_path: Path) -> None:
    views = Path(shutil.copytree(current().views, tmp_path / "views"))
    (views / "mart" / "guest_month.sql").write_text("select month, sum(amount) as sales from warehouse.line group by 1")
    (views / "mart" / "guest_month.yml").write_text(GUESTS)
    edit(views / "mart" / "rfm_segment.yml", "columns:\n", "columns:\n  - units\n")
    (specs / "charts" / "guests.yml").write_text(
        NEW_CHART.replace("sales_month", "guest_month").replace("units]", "sales]")
    )
    layer = load_layer(views)
    planned = publish(site, layer, specs=specs, plan_only=True, progress=silent())
    assert planned.unbuilt == ("mart.guest_month", "mart.rfm_segment.units")
    assert labels(planned, "create") == ["dataset guest_month", "chart guests"]
    assert "Not built yet: mart.guest_month, mart.rfm_segment.units" in planned.lines()[-1]
    with pytest.raises(CheckFailed, match=r"no mart\.guest_month.*lgs refresh"):
        publish(site, layer, specs=specs, progress=silent())


def test_only_what_changed_is_sent(shop: Shop, specs: Path, admin: Client, publish_specs: Publish) -> None:
    edit(specs / "charts" / "sales_growth.yml", "complete months only", "whole months only")
    before = {(table, number): at for table, number, at in stamps(shop)}
    published = publish_specs(specs)
    moved = {(table, number) for table, number, at in stamps(shop) if before[table, number] != at}
    dashboard = Live.read(admin).ids["dashboards"][str(identity("dashboards", "sales_customers"))]
    assert moved == {("slices", chart_id(admin, "sales_growth")), ("dashboards", dashboard)}
    assert published.counts["unchanged"] + 2 == len(published.steps)


def test_what_left_the_specs_is_pruned_and_nothing_else(specs: Path, admin: Client, publish_specs: Publish) -> None:
    add_chart(specs)
    assert labels(publish_specs(specs), "create") == ["chart units"]
    ours = chart(admin, "units")
    copy = {
        "slice_name": "My units",
        "viz_type": ours["viz_type"],
        "datasource_id": json.loads(ours["params"])["datasource"].split("__")[0],
        "datasource_type": "table",
        "params": ours["params"],
        "certified_by": ours["certified_by"],
        "certification_details": ours["certification_details"],
    }
    kept = admin.post("/api/v1/chart/", copy)["id"]
    pruned = publish_specs(current().superset)
    assert labels(pruned, "prune") == ["chart 'How many units go out?'"]
    assert str(identity("charts", "units")) not in Live.read(admin).ids["charts"]
    assert admin.get(f"/api/v1/chart/{kept}")["result"]["slice_name"] == "My units"
    admin.delete(f"/api/v1/chart/{kept}")


def test_a_change_own_role_is_restored_and_reported(admin: Client, publish_specs: Publish) -> None:
    number = chart_id(admin, "monthly_sales")
    admin.put(f"/api/v1/chart/{number}", {"slice_name": "Something else"})
    published = publish_specs(current().superset)
    assert [step.label for step in published.drift] == ["chart monthly_sales"]
    assert published.drift[0].fields == ("slice_name",)
    assert "1 changed manually since the last publish, restored." in published.lines()
    assert chart(admin, "monthly_sales")["slice_name"] == "How much do we sell each month?"
    assert chart_id(admin, "monthly_sales") == number


def test_a_change_of_the_specs_is_no_drift(specs: Path, publish_specs: Publish) -> None:
    edit(specs / "charts" / "monthly_sales.yml", "How much do we sell each month?", "What do we sell each month?")
    assert publish_specs(specs).drift == ()


def test_a_new_password_reaches_the_connection(shop: Shop, site: Site, layer: Layer, publish_specs: Publish) -> None:
    publish_specs(current().superset)
    roles = shop.stack.credentials.roles | {"lgs_reader": "another secret"}
    reader = replaced(site.connections["reader"], username="lgs_reader", password=roles["lgs_reader"])
    renewed = replace(site, connections={**site.connections, "reader": reader})
    try:
        ensure_roles(shop.stack.url("admin"), roles)
        published = publish(renewed, layer, specs=current().superset, progress=silent())
        assert [step.line().strip() for step in published.steps if step.verb != "unchanged"] == [
            "update    database reader: password"
        ]
        assert not publish(renewed, layer, specs=current().superset, progress=silent()).changed
    finally:
        ensure_roles(shop.stack.url("admin"), shop.stack.credentials.roles)


def test_a_lost_link_is_put_back(shop: Shop, admin: Client, publish_specs: Publish) -> None:
    execute(shop, f"delete from dashboard_slices where slice_id = {chart_id(admin, 'sales_growth')}")
    publish_specs(current().superset)
    rows = admin.get("/api/v1/dashboard/sales-customers/charts")["result"]
    assert chart_id(admin, "sales_growth") in {row["id"] for row in rows}


def test_somebody_elses_dashboard_is_not_taken_over_unless_asked(
    specs: Path, admin: Client, publish_specs: Publish
) -> None:
    other = admin.post("/api/v1/dashboard/", {"dashboard_title": "Mine", "slug": "units"})["id"]
    (specs / "charts" / "units.yml").write_text(NEW_CHART)
    second = {"title": "Units", "slug": "units", "access": ["Analyst"]}
    second["tabs"] = [{"name": "Units", "rows": [{"charts": {"units": 12}}]}]
    (specs / "dashboards" / "units.yml").write_text(yaml.safe_dump(second))
    with pytest.raises(UsageError, match=r"dashboard 'units'.*--adopt"):
        publish_specs(specs)
    assert admin.get(f"/api/v1/dashboard/{other}")["result"]["dashboard_title"] == "Mine"
    published = publish_specs(specs, adopt=True)
    assert len(published.adopted) == 1
    assert admin.get(f"/api/v1/dashboard/{other}")["result"]["dashboard_title"] == "Units"


def test_a_chart_that_does_not_answer_leaves_the_site_as_it_was(
    shop: Shop, specs: Path, admin: Client, publish_specs: Publish
) -> None:
    publish_specs(current().superset)
    add_chart(specs)
    edit(specs / "charts" / "units.yml", "x: month", 'x: month\nwhere:\n  - {sql: "no_such_column = 1"}')
    edit(specs / "charts" / "monthly_sales.yml", "How much do we sell each month?", "What do we sell each month?")
    with pytest.raises(CheckFailed, match=r"chart 'units' does not answer.*no_such_column"):
        publish_specs(specs)
    assert chart(admin, "monthly_sales")["slice_name"] == "How much do we sell each month?"
    assert str(identity("charts", "units")) not in Live.read(admin).ids["charts"]
    assert not publish_specs(current().superset).changed


def test_row_rules_are_kept_as_the_specs_say(shop: Shop, specs: Path, admin: Client, publish_specs: Publish) -> None:
    rule = "row_rules:\n  Shop floor:\n    description: No wholesalers.\n    datasets: [rfm_customer]\n"
    rule += "    roles: [Marketing]\n    clause: monetary < 100000\n"
    (specs / "access.yml").write_text((specs / "access.yml").read_text() + rule)
    assert labels(publish_specs(specs), "create") == ["row rule Shop floor"]
    assert not publish_specs(specs).changed
    assert labels(publish_specs(current().superset), "prune") == ["row rule Shop floor"]
    assert admin.list("/api/v1/rowlevelsecurity/") == []


def test_a_role_changed_own_role_is_put_right(admin: Client, publish_specs: Publish) -> None:
    role = next(row["id"] for row in admin.list("/api/v1/security/roles/") if row["name"] == "Marketing")
    before = admin.get(f"/api/v1/security/roles/{role}/permissions/")["result"]
    kept = [row["id"] for row in before if row["permission_name"] != "can_csv"]
    admin.post(f"/api/v1/security/roles/{role}/permissions", {"permission_view_menu_ids": kept})
    published = publish_specs(current().superset)
    assert [step.fields for step in published.steps if step.label == "role Marketing"] == [("can_csv on Superset",)]
    after = admin.get(f"/api/v1/security/roles/{role}/permissions/")["result"]
    assert {row["id"] for row in after} == {row["id"] for row in before}


@pytest.mark.parametrize(
    ("edition", "said"),
    [
        ((), "SUPERSET_ADMIN in .*credentials.env"),
        (("superset_url", "superset_password"), "LGS_SUPERSET_USERNAME and LGS_SUPERSET_PASSWORD"),
        (("superset_url", "admin_password"), "LGS_ADMIN_PASSWORD in .env"),
    ],
)
def test_a_refused_sign_in_says_what_to_correct_there(
    shop: Shop, layer: Layer, edition: tuple[str, ...], said: str
) -> None:
    given = {name: SecretStr("not the password") for name in edition} | {"superset_url": shop.stack.superset_url}
    settings = shop.stack.settings.model_copy(update={name: given[name] for name in edition})
    wrong = replace(site_of(replace(shop.stack, settings=settings)), password="not the password")
    with pytest.raises(UsageError, match=f"Correct {said}"):
        publish(wrong, layer, specs=current().superset, progress=silent())


def test_a_sign_in_that_expires_is_made_again(shop: Shop, site: Site) -> None:
    key = shop.stack.credentials.superset_secret_key.get_secret_value()
    client = Client(site.url, site.username, site.password)
    claims = jwt.decode(str(client.session.headers["Authorization"]).split()[1], key, ["HS256"])
    expired = {"Authorization": f"Bearer {jwt.encode(claims | {'exp': claims['iat'] - 1}, key)}"}

    client.session.headers.update(expired)
    assert "expired" in requests.get(f"{site.url}/api/v1/dashboard/", headers=expired, timeout=60).text
    assert client.list("/api/v1/dashboard/")
    client.session.headers.update(expired)
    role = client.post("/api/v1/security/roles/", {"name": "A quarter of an hour later"})["id"]
    client.session.headers.update(expired)
    client.delete(f"/api/v1/security/roles/{role}")


def test_a_page_in_place_of_superset_is_told(site: Site, tmp_path: Path) -> None:
    (tmp_path / "version").write_text("<html>Welcome</html>")
    with HTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path)) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        with pytest.raises(UsageError, match=r"not Superset 6\.1.*status 200.*LGS_SUPERSET_URL"):
            Client(f"http://127.0.0.1:{other.server_port}", site.username, site.password)
        other.shutdown()


def test_an_absent_superset_is_named_with_its_setting(site: Site, layer: Layer) -> None:
    absent = Site(f"http://127.0.0.1:{free_port()}", site.username, site.password, site.connections, site.users)
    with pytest.raises(Unreachable, match="LGS_SUPERSET_URL"):
        publish(absent, layer, specs=current().superset, progress=silent())


def test_every_kind_of_chart_answers(specs: Path, admin: Client, publish_specs: Publish) -> None:
    for kind, body in OTHER_KINDS.items():
        (specs / "charts" / f"{kind}_kind.yml").write_text(
            f"title: {kind}\nviz: {kind}\ndataset: sales_month\n{body}\n"
        )
    rows = [{"charts": {f"{kind}_kind": 12}} for kind in OTHER_KINDS]
    dashboard = {"title": "Kinds", "slug": "kinds", "access": ["Analyst"], "tabs": [{"name": "Kinds", "rows": rows}]}
    (specs / "dashboards" / "kinds.yml").write_text(yaml.safe_dump(dashboard))
    assert len(labels(publish_specs(specs), "create")) == len(OTHER_KINDS) + 1
    assert not publish_specs(specs).changed
    assert labels(publish_specs(current().superset), "prune")[0] == "dashboard 'Kinds'"
