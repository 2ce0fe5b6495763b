"""Each publish leaves a line, and what people changed since the last one is told from what the specs changed."""

from pathlib import Path
from typing import Any

import psycopg2
import pytest

from bootstrap.assets import layout
from bootstrap.assets.access import Registers
from bootstrap.assets.client import Client
from bootstrap.errors import CheckFailed
from bootstrap.project import current
from tests.assets.conftest import Publish
from tests.assets.test_publish import chart_id, edit, labels
from tests.conftest import Shop

pytestmark = pytest.mark.stack


def ask(shop: Shop, query: str) -> list[tuple[Any, ...]]:
    with psycopg2.connect(shop.stack.url("warehouse")) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_each_publish_leaves_a_line(shop: Shop, specs: Path, publish_specs: Publish) -> None:
    edit(specs / "charts" / "monthly_sales.yml", "How much do we sell each month?", "What do we sell each month?")
    publish_specs(specs)
    publish_specs(specs)
    lines = ask(shop, "select ended_at is not null, published_by, changes from warehouse.publish order by publish_id")
    (_, _, first), (_, _, second) = lines[-2:]
    assert all(ended and "@" in by for ended, by, _ in lines[-2:])
    assert {(change["verb"], change["name"]) for change in first} == {
        ("update", "chart monthly_sales"),
        ("update", "dashboard sales_customers"),
    }
    assert second == []


def test_a_chart_deleted_in_superset_is_restored_and_reported(admin: Client, publish_specs: Publish) -> None:
    publish_specs(current().superset)
    admin.delete(f"/api/v1/chart/{chart_id(admin, 'sales_growth')}")
    planned = publish_specs(current().superset, plan_only=True)
    assert "  restore   chart sales_growth (deleted in Superset; to be restored)" in planned.lines()
    done = publish_specs(current().superset)
    assert "  restored  chart sales_growth (deleted in Superset; restored)" in done.lines()
    assert labels(done, "create") == []
    assert "chart sales_growth" in [step.label for step in done.drift]
    assert chart_id(admin, "sales_growth")


def test_another_version_that_compiles_differently_reports_no_drift(
    publish_specs: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_specs(current().superset)
    before = layout.metadata
    with monkeypatch.context() as newer:
        newer.setattr(layout, "metadata", lambda *given: before(*given) | {"stagger_time": 2600})
        done = publish_specs(current().superset)
    assert labels(done, "update")
    assert done.drift == ()


def test_what_a_publish_made_that_died_is_known_as_ours(
    admin: Client, specs: Path, publish_specs: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = "\nroles:\n  Night shift:\n    description: Sees dashboards.\n    permissions: [can_read on Dashboard]\n"
    edit(specs / "access.yml", "\nroles:\n", role)
    with monkeypatch.context() as dying:
        dying.setattr(Registers, "apply", lambda *_: (_ for _ in ()).throw(CheckFailed("killed")))
        with pytest.raises(CheckFailed, match="killed"):
            publish_specs(specs)
    assert publish_specs(specs).adopted == ()
    assert labels(publish_specs(current().superset), "prune") == ["role Night shift"]
