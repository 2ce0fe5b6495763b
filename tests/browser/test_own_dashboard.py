"""What marketing makes and shares: a link that keeps the filters, and a dashboard of one's own."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bootstrap.assets.spec import Specs
from tests.browser.acting import UNFOLDED, chart, choose
from tests.browser.conftest import DASHBOARD
from tests.browser.test_console import errors, listen
from tests.conftest import Shop

pytestmark = [pytest.mark.stack, pytest.mark.browser]


def menu(page: Page) -> None:
    page.locator('[data-test="header-actions-menu"], [aria-label="Menu actions trigger"]').first.click()


def test_a_shared_link_keeps_the_filters(shop: Shop, signed_in: Callable[..., Page], specs: Specs) -> None:
    page = signed_in("marketing", permissions=["clipboard-read", "clipboard-write"])
    wrong = listen(page)
    page.goto(shop.stack.superset_url + DASHBOARD)
    page.wait_for_selector(".lgs-value")
    choose(page, "segment", "Champions")
    menu(page)
    page.locator(f".ant-dropdown{UNFOLDED}").get_by_role("menuitem", name="Share").hover()
    page.locator(f".ant-dropdown-menu-submenu-popup{UNFOLDED}").get_by_text("Copy permalink to clipboard").click()
    page.get_by_text("Copied to clipboard!").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"/superset/dashboard/p/\w+/", link)
    page.context.close()
    other = signed_in("analyst")
    other.goto(link)
    other.locator(".dashboard-component-tabs .ant-tabs-tab").filter(has_text="Segments").click()
    rows = chart(other, specs.charts["segment_table"].title).locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Champions")
    assert errors(wrong) == []
    other.context.close()


def test_an_own_dashboard_is_made_saved_and_found_again(shop: Shop, signed_in: Callable[..., Page]) -> None:
    page = signed_in("marketing")
    wrong = listen(page)
    page.goto(f"{shop.stack.superset_url}/dashboard/list/")
    page.wait_for_load_state("networkidle")  # a busy page takes no click before
    page.get_by_role("button", name="Dashboard").last.click()
    page.wait_for_url(lambda url: "edit=true" in url)
    title = page.locator('[data-test="editable-title"] input, [data-test="editable-title-input"]').first
    save = page.locator('[data-test="header-save-button"]')
    for _ in range(10):  # a busy page redraws the title and loses what was typed
        title.click()
        title.fill("Our spring mailing")
        page.keyboard.press("Enter")
        page.get_by_text("Layout elements").click()
        page.wait_for_timeout(1_000)
        if save.is_enabled():
            break
    save.click()
    page.get_by_text("Edit dashboard").wait_for()
    page.goto(f"{shop.stack.superset_url}/dashboard/list/")
    row = page.locator("tr").filter(has_text="Our spring mailing")
    row.first.wait_for()
    assert errors(wrong) == []
    page.context.close()
