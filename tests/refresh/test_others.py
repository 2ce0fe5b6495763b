"""A refresh respects what others built on the mart: it is named before it would be dropped."""

import pytest

from bootstrap.errors import CheckFailed
from bootstrap.semantic.spec import Layer
from tests.conftest import Database, execute
from tests.refresh.shop import SMALL, held, run

FIGURES = "view board.figures of postgres"


@pytest.fixture
def wider(database: Database, layer: Layer) -> Layer:
    """One more column in front of those of ``kpi``, on which somebody has built a view."""
    run(database, layer, SMALL)
    execute(database.admin_url, "create schema board", "create view board.figures as select * from mart.kpi")
    twin = layer.twin("kpi")
    column = twin.columns[0].model_copy(update={"name": "one"})
    sql = f"select 1 as one, q.* from ({twin.sql}) as q"
    other = twin.model_copy(update={"sql": sql, "columns": (column, *twin.columns)})
    return layer.model_copy(update={"twins": tuple(other if one is twin else one for one in layer.twins)})


def test_the_plan_names_what_would_be_dropped(database: Database, layer: Layer, wider: Layer) -> None:
    before = held(database.connect(), layer)
    planned = run(database, wider, SMALL, plan_only=True)
    assert f"! would be dropped, so this needs --cascade: {FIGURES}" in planned.lines()
    assert held(database.connect(), layer) == before


def test_a_refresh_stops_before_it_drops_anything(database: Database, layer: Layer, wider: Layer) -> None:
    before = held(database.connect(), layer)
    with pytest.raises(CheckFailed, match=rf"nothing was changed:\n  {FIGURES}\n(.|\n)*--cascade") as caught:
        run(database, wider, SMALL)
    assert caught.value.exit_code == 1
    assert held(database.connect(), layer) == before
    execute(database.admin_url, "select one from (select count(*) as one from board.figures) as q")


def test_with_cascade_it_goes_on_and_says_what_went(database: Database, wider: Layer) -> None:
    assert f"! dropped: {FIGURES}" in run(database, wider, SMALL, cascade=True).lines()
    with database.connect("admin") as connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('board.figures'), (select distinct one from mart.kpi)")
        assert cursor.fetchone() == (None, 1)
