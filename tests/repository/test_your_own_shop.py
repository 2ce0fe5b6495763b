"""docs/your-own-shop.md, followed to the letter: from an empty folder to a shop of its own."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import psycopg2
import pytest

from bootstrap.lines import lines
from bootstrap.project import Project, open_project, using
from bootstrap.refresh import Refreshed, refresh
from bootstrap.semantic.loader import load_layer
from bootstrap.settings import load_settings
from bootstrap.stack import remove
from tests.conftest import REPOSITORY, Database, free_port, fresh_database
from tests.refresh.shop import quiet
from tests.repository.test_contributing import Step, blocks

PAGE = (REPOSITORY / "docs" / "your-own-shop.md").read_text(encoding="utf-8")
STEPS = list(blocks(PAGE))


def follow(step: Step, folder: Path, **environment: str) -> str:
    """Write what the page writes, or run what it runs."""
    if step.place:
        step.write(folder)
        return ""
    command = step.text.replace("lgs ", f"{Path(sys.executable).with_name('lgs')} ", 1)
    bare = {name: value for name, value in os.environ.items() if not name.startswith("LGS_")}
    done = subprocess.run(shlex.split(command), cwd=folder, env=bare | environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def is_up(step: Step) -> bool:
    return step.place is None and " up " in step.text


@pytest.fixture(scope="module")
def velo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project as the page leaves it, before anything is started."""
    folder = tmp_path_factory.mktemp("own")
    for step in STEPS:
        if not is_up(step):
            follow(step, folder)
    return open_project(folder / "velo")


@pytest.fixture(scope="module")
def loaded(velo: Project, server_url: str) -> Iterator[tuple[Database, Refreshed]]:
    with fresh_database(server_url) as database, using(velo):
        how = lines().said(None, dates=None, only=(), skip=())
        source = velo.folder / "sales.csv"
        layer = load_layer(velo.views)
        yield database, refresh(database.owner_url, layer, source=source, how=how, max_rejects=0, progress=quiet())


def asked(url: str, sql: str) -> list[tuple]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_every_step_of_the_page_is_followed():
    assert sum(step.place is None for step in STEPS) == 2
    assert len(STEPS) == 14


def test_its_figures_are_those_that_one_counts_on_paper(loaded):
    """March: 19 + 4.90 + 300 + 28.50 + 40 - 300 = 92.40, without the 66.50 that never came to be; April: 20 + 9.50."""
    database, done = loaded
    assert (done.receipt.lines_read, done.receipt.lines_kept, done.receipt.rejected) == (8, 8, {})
    assert done.receipt.account["passed_over"]["lines with the status storniert"] == 1
    columns = "month::text, sales, orders_total, orders_cancelled, active_customers"
    assert asked(database.reader_url, f"select {columns} from mart.monthly_metrics order by 1") == [
        ("2024-03-01", Decimal("92.40"), 5, 1, 3),
        ("2024-04-01", Decimal("29.50"), 2, 0, 1),
    ]
    types = "select line_type, count(*) from warehouse.line group by 1 order by 1"
    assert asked(database.owner_url, types) == [("cancellation", 1), ("fee", 1), ("sale", 6)]


def test_its_saturdays_are_open_and_its_money_is_euro(loaded):
    database, _ = loaded
    days = "select date::text, is_open from warehouse.calendar where month = '2024-03-01' and weekday >= 6 order by 1"
    assert asked(database.owner_url, days)[:2] == [("2024-03-02", True), ("2024-03-03", False)]
    money = "select distinct currency from mart.column_catalogue where currency is not null"
    assert asked(database.reader_url, money) == [("EUR",)]
    assert asked(database.reader_url, "select count(*) from mart.kpi where unit = 'GBP'") == [(0,)]


def test_its_segments_have_its_names(loaded, velo):
    database, _ = loaded
    names = {name for (name,) in asked(database.owner_url, "select distinct segment from rollup.segment")}
    assert "Stammkunden" in names
    assert "Champions" not in names
    assert velo.colours["Stammkunden"] == "#2367a4"


@pytest.mark.stack
def test_its_dashboards_are_there(velo):
    ports = {"LGS_SUPERSET_PORT": str(free_port()), "LGS_POSTGRES_PORT": str(free_port()), "LGS_SUPERSET_WORKERS": "1"}
    (up,) = [step for step in STEPS if is_up(step)]
    try:
        said = follow(up, velo.folder.parent, **ports)
        assert "charts answer" in said
        assert str(velo.folder / ".lgs" / "credentials.env") in said
        again = follow(up, velo.folder.parent, **ports)
        assert "Superset: nothing to do" in again
    finally:
        remove(load_settings(home=velo.folder / ".lgs"))
