"""No page of any role asks for what the role may not have, or leaves an error in the browser's console."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from bootstrap.assets.spec import Specs
from tests.browser.acting import choose, open_tab
from tests.browser.conftest import DASHBOARD
from tests.conftest import Shop

pytestmark = [pytest.mark.stack, pytest.mark.browser]
# An image that Superset compiles in, which the content policy blocks; and a word of its table about a part of its own.
COMPILED_IN = ("scarf", "AG Grid: error #200", "ag-grid.com")
# The lists are opened, and listened to, where their buttons are clicked.
PAGES = [
    ("marketing", "/tablemodelview/list/"),
    ("marketing", "/chart/add"),
    ("analyst", "/dashboard/list/"),
    ("analyst", "/chart/list/"),
    ("analyst", "/user_info/"),
    ("analyst", "/sqllab/"),
    ("analyst", "/superset/dashboard/sql-examples/"),
]


def listen(page: Page) -> list[str]:
    """What goes wrong on the page from now on."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"uncaught: {error}"))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("response", lambda got: wrong.append(f"{got.status} {got.url}") if got.status >= 400 else None)
    return wrong


def errors(wrong: list[str]) -> list[str]:
    return [line for line in dict.fromkeys(wrong) if not any(known in line for known in COMPILED_IN)]


@pytest.mark.parametrize(("name", "path"), PAGES)
def test_a_page_opens_without_an_error(shop: Shop, signed_in: Callable[..., Page], name: str, path: str) -> None:
    page = signed_in(name)
    wrong = listen(page)
    page.goto(shop.stack.superset_url + path)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1_000)
    assert errors(wrong) == []
    page.context.close()


def test_a_dashboard_with_a_filter_is_looked_at_and_left_without_an_error(
    shop: Shop, signed_in: Callable[..., Page], specs: Specs
) -> None:
    page = signed_in("marketing")
    wrong = listen(page)
    page.goto(shop.stack.superset_url + DASHBOARD)
    page.wait_for_selector(".lgs-value")
    choose(page, "segment", "Champions")
    for tab in ("Customers", "Segments"):
        open_tab(page, specs, tab)
    page.reload()
    page.wait_for_selector(".lgs-value")
    page.get_by_role("menuitem", name="Charts").first.click()
    page.wait_for_load_state("networkidle")
    assert errors(wrong) == []
    page.context.close()


def test_a_chart_is_explored_without_an_error(dashboard: Page, specs: Specs) -> None:
    wrong = listen(dashboard)
    link = dashboard.locator(f'[data-test-chart-name="{specs.charts["monthly_sales"].title}"] a').first
    link.click()
    dashboard.wait_for_url(lambda url: "explore" in url)
    dashboard.wait_for_load_state("networkidle")
    dashboard.wait_for_timeout(2_000)
    assert errors(wrong) == []
