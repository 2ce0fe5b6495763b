"""A refresh whose metrics fail, or disagree, publishes nothing."""

import pytest

from bootstrap.errors import CheckFailed, SpecError
from bootstrap.semantic.spec import Check, Layer
from tests.conftest import Database
from tests.refresh.shop import SMALL, held, later, run


def test_a_metric_that_fails_publishes_nothing(database: Database, layer: Layer) -> None:
    run(database, layer, SMALL)
    before = held(database.connect(), layer)
    metric = layer.metrics["goods_per_order"].model_copy(update={"expression": "median(sales) / sum(orders)"})
    broken = layer.model_copy(update={"metrics": layer.metrics | {"goods_per_order": metric}})
    with pytest.raises(SpecError, match="function median") as caught:
        run(database, broken, SMALL)
    assert caught.value.exit_code == 2
    assert held(database.connect(), layer) == before


def test_relations_that_disagree_publish_nothing(database: Database, layer: Layer, tmp_path) -> None:
    run(database, layer, SMALL)
    before = held(database.connect(), layer)
    twin = layer.twin("sales_month")
    wrong = twin.model_copy(update={"sql": f"select * from ({twin.sql}) as q where country <> 'France'"})
    other = layer.model_copy(update={"twins": tuple(wrong if one is twin else one for one in layer.twins)})
    with pytest.raises(CheckFailed, match=r"metrics agree .*\n.*sales: .*mart.sales_month has") as caught:
        run(database, other, later(tmp_path))
    assert caught.value.exit_code == 1
    assert held(database.connect(), layer) == before


def test_nothing_built_asks_for_no_metric(database: Database, layer: Layer) -> None:
    assert "Metrics" in run(database, layer, SMALL).receipt.seconds
    assert not run(database, layer, SMALL).changed


@pytest.mark.parametrize(
    ("sql", "says"),
    [("select nowhere from mart.kpi", "nowhere"), ("select 1 / 0 as a from mart.kpi", "division by zero")],
)
def test_a_contract_that_cannot_be_run_is_named(database: Database, layer: Layer, sql: str, says: str) -> None:
    rule = Check(name="odd", description="", sql=sql)
    twins = (layer.twins[0].model_copy(update={"checks": (rule,)}), *layer.twins[1:])
    with pytest.raises(CheckFailed, match=rf"odd cannot be run: .*{says}(.|\n)*Fix its SQL"):
        run(database, layer.model_copy(update={"twins": twins}), SMALL)
