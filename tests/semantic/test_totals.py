"""Every metric is computed on every relation that lists it, and all of those agree, before anybody sees them."""

from collections.abc import Iterator

import pytest
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import CheckFailed, SpecError
from bootstrap.semantic.build import build
from bootstrap.semantic.document import Document
from bootstrap.semantic.totals import check_metrics


@pytest.fixture
def rolled_back(shop_connection: Connection) -> Iterator[Cursor]:
    with shop_connection.cursor() as cursor:
        yield cursor
    shop_connection.rollback()


def with_expression(layer, name, expression):
    metric = layer.metrics[name].model_copy(update={"expression": expression})
    return layer.model_copy(update={"metrics": layer.metrics | {name: metric}})


def test_every_metric_of_every_relation_is_computed(rolled_back, layer):
    assert check_metrics(rolled_back, layer) == sum(len(twin.metrics) for twin in layer.twins) > 80


def test_an_empty_warehouse_has_metrics_too(database, layer, quiet):
    with database.connect() as connection, connection.cursor() as cursor:
        build(cursor, layer, changes=None, progress=quiet)
        assert check_metrics(cursor, layer) > 80


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("median(sales) / nullif(sum(orders), 0)", "function median(numeric) does not exist"),
        ("sum(sales) / sum(is_complete_month)", "function sum(boolean) does not exist"),
        ("sum(sum(orders))", "aggregate function calls cannot be nested"),
        ("sum(sales) - 'much'", 'invalid input syntax for type numeric: "much"'),
    ],
)
def test_what_the_server_cannot_compute_is_named(rolled_back, layer, expression, says):
    broken = with_expression(layer, "goods_per_order", expression)
    with pytest.raises(SpecError) as caught:
        check_metrics(rolled_back, broken)
    metric, twin = layer.metrics["goods_per_order"], layer.twin("monthly_metrics")
    listed = Document.read(twin.path).line(["metrics", twin.metrics.index("goods_per_order")])
    assert (caught.value.path, caught.value.line) == (metric.path, metric.line)
    for part in ('mart.monthly_metrics cannot compute the metric "goods_per_order"', says, f"{twin.path}:{listed}"):
        assert part in str(caught.value)


def test_a_division_that_fails_in_one_month_alone_is_found(rolled_back, layer):
    """Three orders were cancelled, but none in February."""
    broken = with_expression(layer, "cancellation_rate", "sum(orders) / sum(orders_cancelled)")
    rolled_back.execute("select sum(orders) / sum(orders_cancelled) from mart.sales_month")
    with pytest.raises(SpecError, match=r'compute the metric "cancellation_rate": division by zero'):
        check_metrics(rolled_back, broken)


def test_a_refusal_leaves_the_transaction_open(rolled_back, layer):
    with pytest.raises(SpecError):
        check_metrics(rolled_back, with_expression(layer, "goods_per_order", "median(sales)"))
    rolled_back.execute("select 1")


def test_relations_that_list_one_metric_agree_on_it(rolled_back, layer):
    rolled_back.execute("update mart.sales_month set sales = sales + 1 where country = 'Germany'")
    with pytest.raises(CheckFailed, match=r"contract metrics agree does not hold") as caught:
        check_metrics(rolled_back, layer)
    assert "sales: " in str(caught.value)
    assert "mart.monthly_metrics has 205" in str(caught.value)
    assert "mart.sales_month has 206" in str(caught.value)
    assert "rfm_customer" not in str(caught.value)


def test_they_agree_in_each_month_too(rolled_back, layer):
    """Over several months active customers are empty on both, so only the months can tell."""
    rolled_back.execute("update mart.sales_month set active_customers = 7 where country = 'Germany'")
    says = r"active_customers where month is 2011-03-01: mart.monthly_metrics has 5, .*mart.sales_month has 11"
    with pytest.raises(CheckFailed, match=says):
        check_metrics(rolled_back, layer)


def test_rates_agree_whatever_the_type_that_they_are_computed_in(rolled_back, layer):
    rolled_back.execute("alter table mart.sales_month alter cancellations type double precision")
    assert check_metrics(rolled_back, layer) > 80
    rolled_back.execute("update mart.sales_month set orders = 5 where country = 'Germany'")
    with pytest.raises(CheckFailed, match=r"cancellation_rate: .*mart.sales_month has 0.2142"):
        check_metrics(rolled_back, layer)


def test_a_relation_that_lacks_rows_disagrees(rolled_back, layer):
    rolled_back.execute("delete from mart.cancellation_month where month = '2011-01-01'")
    with pytest.raises(CheckFailed, match=r"goods_cancelled: .*mart.cancellation_month has 43"):
        check_metrics(rolled_back, layer)


def test_a_part_is_compared_with_the_same_part_alone(rolled_back, layer):
    """Customers with a segment bring 210 net; the whole shop, guests included, may bring something else."""
    scored = {twin.name for twin in layer.twins if twin.covers == "Customers with a segment."}
    assert scored == {"customer_class", "rfm_customer", "rfm_grid", "rfm_segment"}
    rolled_back.execute("delete from mart.rfm_grid where segment = 'Champions'")
    with pytest.raises(CheckFailed, match=r"net_money: mart.rfm_customer has 210, .*mart.rfm_grid has 160"):
        check_metrics(rolled_back, layer)
