"""Every question has a chart, every chart a question; and what a chart asks, the database answers."""

import re
import shutil
from pathlib import Path

import pytest

from bootstrap.assets import load_specs
from bootstrap.assets.questions import chart_sql, question_index
from bootstrap.assets.spec import Specs
from bootstrap.errors import SpecError
from bootstrap.project import current
from bootstrap.semantic.loader import load_layer

REPOSITORY = Path(__file__).resolve().parents[2]
SUPERSET = current().superset
ASKED = (
    "invoice-amounts orders sales growth active-customers new-existing segments champions loyal cant-lose at-risk "
    "hibernating slice segments-pie explore"
)
CHARTS = sorted(path.stem for path in (SUPERSET / "charts").glob("*.yml"))
# No refresh wrote a receipt here; and the shop has three months, so nobody is back after eleven or stopped for three,
# and no 90 days are over.
EMPTY_ON_PAPER = {
    "new_customers",
    "stopped_buying",
    "first_baskets",
    "first_basket_value",
    "second_order_wait",
    "back_within_90",
}


@pytest.fixture(scope="module")
def specs() -> Specs:
    return load_specs(SUPERSET, load_layer(current().views))


def test_every_question_asked_is_in_the_index(specs):
    assert set(ASKED.split()) <= specs.questions.keys()


def test_the_index_is_current(specs):
    page = (REPOSITORY / "docs" / "questions.md").read_text(encoding="utf-8")
    assert page == question_index(specs), "run: lgs docs"


def test_every_test_that_the_index_names_is_there(specs):
    for question in specs.questions.values():
        for test in question.tests:
            file, function = test.split("::")
            assert re.search(rf"^def {function}\(", (REPOSITORY / file).read_text(encoding="utf-8"), re.M), test


def test_every_chart_stands_on_a_dashboard(specs):
    placed = {name for dashboard in specs.dashboards.values() for name in dashboard.charts}
    assert set(specs.charts) == placed


def test_every_chart_answers_a_question(specs):
    assert all(chart.answers for chart in specs.charts.values())


def test_a_question_without_a_chart_is_refused(tmp_path):
    folder = Path(shutil.copytree(SUPERSET, tmp_path / "superset"))
    with (folder / "questions.yml").open("a", encoding="utf-8") as file:
        file.write("wider:\n  question: Can newer data be added?\n  tests: [x]\n")
    with pytest.raises(SpecError, match=r"questions.yml:\d+: wider: No chart on a dashboard answers it"):
        load_specs(folder, load_layer(current().views))


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_answers_from_the_database(name, specs, shop_connection):
    """Its SQL runs; and for a metric that adds up, its rows add up to what the metric says without any grouping."""
    chart = specs.charts[name]
    with shop_connection, shop_connection.cursor() as cursor:
        cursor.execute(chart_sql(chart, specs))
        rows = cursor.fetchall()
        assert rows or chart.dataset in ("freshness", "refresh_history", "quarantine") or name in EMPTY_ON_PAPER
        names = [column.name for column in cursor.description]
        for metric in (specs.layer.metrics[metric] for metric in (*chart.metrics, *chart.more_metrics)):
            if metric.additive and rows:
                bare = chart.model_copy(
                    update={"metrics": (metric.name,), "more_metrics": (), "x": None, "by": (), "sort": None}
                )
                cursor.execute(chart_sql(bare, specs))
                assert [(sum(row[names.index(metric.name)] or 0 for row in rows),)] == cursor.fetchall(), metric.name
