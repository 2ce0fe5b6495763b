"""Products and baskets, asked by clicks alone, with the number that the lines give."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from bootstrap.assets.spec import Specs
from tests.browser.acting import chart, choose
from tests.conftest import SHARED_DATA, Shop

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the questions are about the real data, which is not here"),
]
GOODS = "line_type = 'sale' and not is_overlap"
TABS = ["Popularity", "Classes", "Who buys what", "Rise & fall", "Bought together", "Prices & returns"]


@pytest.fixture
def page(shop: Shop, signed_in: Callable[..., Page]) -> Iterator[Page]:
    page = signed_in("marketing")
    page.goto(shop.stack.superset_url + "/superset/dashboard/products-baskets/")
    page.locator(".dashboard-component-tabs").wait_for()
    yield page
    page.context.close()


def open_tab(page: Page, name: str) -> None:
    page.locator(".dashboard-component-tabs .ant-tabs-tab").filter(has_text=name).click()
    page.wait_for_load_state("networkidle")


def first_row(page: Page, specs: Specs, name: str) -> Locator:
    return chart(page, specs.charts[name].title).locator("tbody tr").first


def cells(row: Locator) -> list[str]:
    return [cell.inner_text().strip() for cell in row.locator("td").all()]


@pytest.mark.parametrize("name", TABS)
def test_every_chart_of_a_tab_is_drawn(name, page, specs):
    open_tab(page, name)
    (tab,) = [tab for tab in specs.dashboards["products_baskets"].tabs if tab.name == name]
    for one in (one for row in tab.rows for one in row.charts):
        drawn = chart(page, specs.charts[one].title)
        drawn.scroll_into_view_if_needed()
        expect(drawn.locator("canvas, tbody tr").first).to_be_visible()


def test_what_is_bought_together_with_a_chosen_product(page, specs, select):
    open_tab(page, "Bought together")
    choose(page, "product", "REGENCY CAKESTAND 3 TIER")
    row = first_row(page, specs, "basket_partners")
    expect(row).to_contain_text("REGENCY CAKESTAND 3 TIER")
    _, partner, together, confidence, *_ = cells(row)
    orders = f"select distinct invoice_no from warehouse.line where stock_code = '22423' and {GOODS}"
    both = select(
        f"select count(distinct invoice_no) from warehouse.line where {GOODS} and invoice_no in ({orders})"
        " and stock_code = (select stock_code from mart.product where product = %s)",
        partner,
    )
    of_all = select(f"select count(*) from ({orders}) as orders")
    assert (together, confidence) == (f"{both:,}", f"{100 * both / of_all:.1f}%")


def test_what_champions_buy_that_others_do_not(page, specs, select):
    open_tab(page, "Who buys what")
    choose(page, "segment", "Champions")
    row = first_row(page, specs, "segment_products")
    expect(row).to_contain_text(re.compile("Champions"))
    _, product, index, customers, *_ = cells(row)
    lines = (
        "warehouse.line inner join mart.rfm_customer using (customer_id) inner join mart.product using (stock_code)"
        f" where {GOODS} and customer_id is not null"
    )
    share = f"sum(amount) filter (where product = %s) / sum(amount) from {lines}"
    of_segment = select(f"select {share} and segment = 'Champions'", product)
    assert float(index) == pytest.approx(float(of_segment / select(f"select {share}", product)), abs=0.005)
    bought = f"select count(distinct customer_id) from {lines} and segment = 'Champions' and product = %s"
    assert int(customers) == select(bought, product) >= 20
