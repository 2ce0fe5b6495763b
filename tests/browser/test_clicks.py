"""Each click does what it looks like: pages, files and pieces of charts, on a screen and on a phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bootstrap.assets.spec import Specs
from tests.browser.acting import chart, choose, open_tab, suggested_name
from tests.browser.conftest import DASHBOARD, Select
from tests.conftest import Shop

pytestmark = [pytest.mark.stack, pytest.mark.browser]
Posted = list[str]


def posted(page: Page) -> Posted:
    """The bodies of the questions that charts ask from now on."""
    bodies: Posted = []
    page.on("request", lambda asked: bodies.append(asked.post_data or "") if "/chart/data" in asked.url else None)
    return bodies


def click_canvas(page: Page, title: str, across: float, down: float) -> None:
    """Click a place on a drawn chart, in fractions of its width and height, and wait for what follows."""
    canvas = chart(page, title).locator("canvas").first
    canvas.scroll_into_view_if_needed()
    edges = canvas.bounding_box()
    assert edges
    page.mouse.click(edges["x"] + edges["width"] * across, edges["y"] + edges["height"] * down)
    page.wait_for_timeout(1_500)  # Superset waits for a second click before it acts on the first
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("name", ["marketing", "analyst"])
@pytest.mark.parametrize("path", ["/", "/superset/welcome/"])
def test_who_signs_in_lands_on_the_dashboard(shop: Shop, signed_in: Callable[..., Page], name: str, path: str) -> None:
    page = signed_in(name)
    page.goto(shop.stack.superset_url + path)
    assert page.url.endswith(DASHBOARD)
    page.context.close()


def test_an_administrator_keeps_the_start_page(shop: Shop, signed_in: Callable[..., Page]) -> None:
    page = signed_in("admin")
    page.goto(shop.stack.superset_url + "/")
    assert page.url.endswith("/superset/welcome/")
    page.context.close()


@pytest.mark.parametrize(("item", "extension"), [("Export to .CSV", "csv"), ("Export to Excel", "xlsx")])
def test_a_file_is_named_after_chart_filters_and_day(
    dashboard: Page, specs: Specs, select: Select, item: str, extension: str
) -> None:
    choose(dashboard, "segment", "Champions")
    open_tab(dashboard, specs, "Segments")
    title = specs.charts["customers"].title
    day = select("select max(last_line_at)::date::text from mart.coverage")
    name = suggested_name(dashboard, title, item)
    assert name == f"{title.rstrip('?')}, Champions, as of {day}.{extension}"


def test_a_slice_of_the_pie_lists_its_customers(dashboard: Page, specs: Specs, select: Select) -> None:
    open_tab(dashboard, specs, "Segments")
    biggest = select("select segment from mart.rfm_customer group by 1 order by count(*) desc, 1 limit 1")
    number = select(
        "select count(*) from mart.rfm_customer where took_everything_back = 'No' and segment = %s", biggest
    )
    click_canvas(dashboard, specs.charts["segment_share"].title, 0.447, 0.38)
    customers = chart(dashboard, specs.charts["customers"].title).locator("tbody")
    expect(customers.locator("tr")).to_have_count(min(10, number))
    segments = {row.locator("td").nth(1).inner_text() for row in customers.locator("tr").all()}
    assert segments == {biggest}


def test_a_bar_whose_colour_is_made_up_filters_nothing(dashboard: Page, specs: Specs) -> None:
    asked = posted(dashboard)
    click_canvas(dashboard, specs.charts["monthly_sales"].title, 0.5, 0.87)
    assert not [body for body in asked if "Month is" in body]


def test_a_product_is_found_and_sorted_on_the_server(dashboard: Page, specs: Specs, select: Select) -> None:
    open_tab(dashboard, specs, "Customers")
    table = chart(dashboard, specs.charts["best_products"].title)
    worst = (
        "select product from mart.product_segment where is_product group by 1 order by sum(net_goods_last_12_months), 1"
    )
    product = select(worst + " limit 1")
    table.locator("input[placeholder]").last.fill(product)
    expect(table.locator("tbody tr").first).to_contain_text(product)
    expect(table.locator("[aria-label=warning]")).to_have_count(0)


def test_the_rows_behind_a_chart_read_in_words(dashboard: Page, specs: Specs) -> None:
    open_tab(dashboard, specs, "Customers")
    chart(dashboard, specs.charts["months"].title).locator('[aria-label="More Options"]').click()
    dashboard.get_by_role("menuitem", name="Drill to detail").click()
    rows = dashboard.locator(".ant-modal-body")
    expect(rows.get_by_text("Active customers").first).to_be_visible()
    text = rows.inner_text()
    assert "Yes" in text
    assert not re.search(r"\bTrue\b|\bFalse\b|00:00:00|\b[a-z]+_[a-z]+\b", text.partition("rows")[2])


def test_cards_name_the_months_and_say_better_or_worse(dashboard: Page, specs: Specs, select: Select) -> None:
    month = select("select max(to_char(month, 'FMMonth YYYY')) from mart.sales_month where months_ago = 1")
    card = chart(dashboard, specs.charts["key_figures"].title).locator(".lgs-card").first
    change = card.locator(".lgs-change").first
    expect(change).to_contain_text(f"on {month}")
    assert re.search("lgs-(good|bad)", change.inner_html()) or "no change" in change.inner_text()
    expect(card.locator("[title=better], [title=worse]").first).to_be_visible()


@pytest.mark.parametrize(
    ("name", "device"),
    [("Overview", {}), ("Segments", {}), ("Segments", {"is_mobile": True, "has_touch": True})],
    ids=["narrow", "narrow, another tab", "phone"],
)
def test_a_phone_shows_everything_in_one_column(
    shop: Shop, signed_in: Callable[..., Page], specs: Specs, name: str, device: dict[str, bool]
) -> None:
    """A phone shows a page as if it were 980 pixels wide, unless the page says that it fits."""
    page = signed_in("marketing", viewport={"width": 390, "height": 900}, **device)
    page.goto(shop.stack.superset_url + DASHBOARD)
    page.wait_for_selector(".lgs-value")
    assert page.evaluate("window.innerWidth") == 390
    if name != "Overview":
        tab = page.locator(".dashboard-component-tabs .ant-tabs-tab").filter(has_text=name)
        tab.tap() if device else tab.click()
    charts = page.locator(".dashboard-component-chart-holder:visible")
    expect(charts.nth(3)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for one in charts.all():
        edges = one.bounding_box()
        assert edges
        assert edges["x"] >= 0
        assert 300 < edges["width"] <= 390
        assert edges["x"] + edges["width"] <= 390
    for drawn in page.locator(".dashboard-component-chart-holder canvas:visible").all():
        edges = drawn.bounding_box()
        assert edges
        assert edges["width"] > 300
    for card in page.locator(".lgs-card:visible").all():
        hidden = card.evaluate("e => e.scrollHeight - e.clientHeight + e.scrollWidth - e.clientWidth")
        assert hidden <= 2
    page.context.close()
