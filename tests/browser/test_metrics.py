"""What somebody who makes a chart is told of a metric before choosing it."""

from collections.abc import Callable

from playwright.sync_api import Page

from bootstrap.assets.spec import Specs
from bootstrap.semantic.spec import NOT_ADDITIVE
from tests.conftest import Shop


def test_explore_warns_of_each_metric_that_cannot_be_added_up(
    shop: Shop, signed_in: Callable[..., Page], specs: Specs
) -> None:
    page = signed_in("marketing")
    datasets = page.request.get(f"{shop.stack.superset_url}/api/v1/dataset/?q=(page_size:100)").json()["result"]
    number = next(row["id"] for row in datasets if row["table_name"] == "sales_month")
    page.goto(f"{shop.stack.superset_url}/explore/?datasource_type=table&datasource_id={number}")
    options = page.locator(".metric-option")
    options.first.wait_for()
    warned = options.filter(has=page.get_by_label("warning"))
    metrics = [specs.layer.metrics[name] for name in specs.layer.twin("sales_month").metrics]
    assert options.count() == len(metrics)
    assert set(warned.all_inner_texts()) == {metric.label for metric in metrics if not metric.additive}
    warned.first.get_by_label("warning").hover()
    page.get_by_role("tooltip").filter(has_text=NOT_ADDITIVE).wait_for()
