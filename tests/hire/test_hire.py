"""The engine runs a project of another kind: a bicycle hire of two tables, five metrics, four charts and two roles."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from bootstrap.assets import Published, Site, load_specs, publish
from bootstrap.assets.assets import contents
from bootstrap.assets.client import Client
from bootstrap.errors import CheckFailed, SourceError, UsageError
from bootstrap.lines import lines
from bootstrap.project import Project, open_project, own_folder, using
from bootstrap.refresh import Refreshed, refresh, rollback
from bootstrap.roles import ensure_roles
from bootstrap.runs import site_of
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.reference import reference
from tests.conftest import PASSWORDS, Database, Shop, fresh_database
from tests.refresh.shop import quiet

HERE = Path(__file__).parent
RIDES = HERE / "rides.csv"


@pytest.fixture
def hire(tmp_path: Path) -> Iterator[Project]:
    """A copy that a test may change."""
    folder = shutil.copytree(HERE, tmp_path / "hire", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    with using(open_project(folder)) as project:
        yield project


@pytest.fixture
def rides(server_url: str) -> Iterator[Database]:
    with fresh_database(server_url, prepared=False) as database:
        ensure_roles(database.admin_url, PASSWORDS)
        yield database


def run(database: Database, project: Project, source: Path | None = RIDES, **options: bool) -> Refreshed:
    layer = load_layer(project.views)
    return refresh(database.owner_url, layer, source=source, max_rejects=0, progress=quiet(), **options)


def asked(database: Database, sql: str) -> list[tuple]:
    with closing(database.connect("reader")) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


TAKINGS = "select month::text, sum(takings), sum(rides) from mart.station_month group by month order by month"


def test_it_is_loaded_built_checked_and_told(hire, rides):
    done = run(rides, hire)
    assert asked(rides, TAKINGS) == [("2024-04-01", Decimal("13.50"), 3), ("2024-05-01", Decimal("13.00"), 2)]
    assert "Now       rides: 5" in done.lines()
    assert not run(rides, hire).changed


def test_a_plan_changes_nothing_and_one_months_rides_change_one_month(hire, rides, tmp_path):
    run(rides, hire)
    later = tmp_path / "later.csv"
    later.write_text(RIDES.read_text() + "6,Claraplatz,Kleinbasel,2024-05,10,2.00\n")
    planned = run(rides, hire, later, plan_only=True)
    assert "rides: 5 -> 6" in "\n".join(planned.lines())
    assert asked(rides, TAKINGS)[1][2] == 2
    done = run(rides, hire, later)
    assert [f"{month:%Y-%m}" for month in done.receipt.months_changed] == ["2024-05"]
    assert "! May 2024 rides: 2 -> 3 (+1)" in done.lines()
    assert asked(rides, TAKINGS)[1] == ("2024-05-01", Decimal("15.00"), 3)


def test_what_its_package_says_reaches_the_user(hire, rides, tmp_path):
    (tmp_path / "bad.csv").write_text("no rides\n")
    with pytest.raises(SourceError, match="does not name the columns of rides"):
        run(rides, hire, tmp_path / "bad.csv")
    with pytest.raises(SourceError, match="nothing to load yet"):
        run(rides, hire, None)
    run(rides, hire)
    with pytest.raises(UsageError, match="No generation of rides is kept"):
        rollback(rides.owner_url, load_layer(hire.views), progress=quiet())


def test_a_broken_promise_of_its_package_stops_the_refresh(hire, rides, tmp_path):
    head, first, *others = RIDES.read_text().splitlines()
    values = dict(zip(head.split(","), first.split(","), strict=True)) | {"minutes": "1441"}
    (tmp_path / "long.csv").write_text("\n".join([head, ",".join(values.values()), *others]) + "\n")
    with pytest.raises(CheckFailed, match="every ride ends within a day"):
        run(rides, hire, tmp_path / "long.csv")


def test_its_pages_and_assets_are_compiled_in_its_own_words(hire):
    layer = load_layer(hire.views)
    specs = load_specs(hire.superset, layer)
    assets = contents(specs, {}, sql_lab=1)
    assert [asset.kind for asset in assets].count("charts") == 4
    assert specs.charts["takings"].reading == "In Swiss francs."
    assert "What was paid in Swiss francs." in reference(layer)
    with using(open_project(own_folder())) as shop:
        ours = load_specs(shop.superset, load_layer(shop.views))
        theirs = {asset.uuid for asset in contents(ours, {}, sql_lab=1)}
    assert not theirs & {asset.uuid for asset in assets}


def test_a_package_that_keeps_no_lines_is_named(hire):
    text = hire.file.read_text(encoding="utf-8").replace("tests.hire.lines", "json")
    hire.file.write_text(text, encoding="utf-8")
    with using(open_project(hire.folder)), pytest.raises(UsageError, match="names the package json, which"):
        lines()


@pytest.mark.stack
def test_it_is_published_planned_and_pruned_beside_the_shop(hire, rides, shop: Shop):
    """On the Superset that the shop is on: neither touches what is the other's."""
    stack = shop.stack
    site = Site(
        url=stack.superset_url,
        username=stack.superset_username,
        password=stack.superset_password,
        connections={"reader": rides.reader_url, "analyst": rides.analyst_url},
        users={},
    )
    with using(open_project(own_folder())) as own:
        before = plan_of_shop(shop, own)
    run(rides, hire)

    def go(**options: bool) -> Published:
        return publish(site, load_layer(hire.views), specs=hire.superset, progress=quiet(), **options)

    assert go(plan_only=True).counts["create"] > 8
    assert go().changed
    assert not go().changed
    charts = [row["slice_name"] for row in Client(site.url, site.username, site.password).list("/api/v1/chart/")]
    assert "What do stations bring in?" in charts
    with using(open_project(own_folder())) as own:
        assert plan_of_shop(shop, own) == before
    (hire.superset / "charts" / "stations.yml").unlink()
    board = hire.superset / "dashboards" / "rides.yml"
    board.write_text(board.read_text().replace("{per_ride: 6, stations: 6}", "{per_ride: 12}"))
    pruned = go()
    assert pruned.counts["prune"] == 1
    with using(open_project(own_folder())) as own:
        assert plan_of_shop(shop, own) == before


def plan_of_shop(shop: Shop, own: Project) -> dict[str, int]:
    site, layer = site_of(shop.stack), load_layer(own.views)
    return publish(site, layer, specs=own.superset, plan_only=True, progress=quiet()).counts
