"""What a person does on the dashboard: opens a tab, chooses in a filter, takes a list away."""

import csv
from pathlib import Path

from playwright.sync_api import Locator, Page

from bootstrap.assets.spec import Specs, Tab

DRAWN = 'canvas, table, .lgs-card, .lgs-header, :text("No results were returned")'
# Until a list or a menu has unfolded, it slips from under the mouse.
UNFOLDED = ':not([class*="ant-slide"]):not([class*="ant-zoom"])'


def tab(specs: Specs, name: str) -> Tab:
    return next(tab for tab in specs.dashboards["sales_customers"].tabs if tab.name == name)


def chart(page: Page, title: str) -> Locator:
    return page.locator(f'[data-test-chart-name="{title}"]')


def open_tab(page: Page, specs: Specs, name: str) -> list[str]:
    """Open a tab and wait until each chart on it is drawn; returns their titles."""
    page.locator(".dashboard-component-tabs .ant-tabs-tab").filter(has_text=name).click()
    titles = [specs.charts[chart].title for row in tab(specs, name).rows for chart in row.charts]
    for title in titles:
        chart(page, title).scroll_into_view_if_needed()
        chart(page, title).locator(DRAWN).first.wait_for()
    page.wait_for_function("document.querySelectorAll('.loading').length === 0")
    return titles


def option(page: Page, title: str) -> Locator:
    """An option of the open list."""
    return page.locator(f'.ant-select-dropdown{UNFOLDED} .ant-select-item-option[title="{title}"]')


def pick(page: Page, name: str, title: str) -> None:
    """Type an option into the list of a filter, and click it. A busy list closes or loses letters: then once more."""
    for _ in range(10):
        if box(page, name).get_attribute("aria-expanded") != "true":
            box(page, name).click()
        page.keyboard.press("Control+a")  # the list keeps what was typed for the value before
        page.keyboard.type(title, delay=10)
        page.wait_for_timeout(1_000)
        if option(page, title).is_visible():
            break
    option(page, title).click()


def box(page: Page, name: str) -> Locator:
    """The field of a filter, in the bar or below "More filters"."""
    field = page.locator(f"#NATIVE_FILTER-{name}, [aria-labelledby='filter-name-NATIVE_FILTER-{name}'] input")
    if not field.first.is_visible():
        page.get_by_text("More filters").click()
        field.first.wait_for()
        page.wait_for_timeout(500)  # it slips while it unfolds, and another click would fold it up
    return field.first


def choose(page: Page, name: str, *values: str) -> None:
    """Choose values in a filter of the bar and apply."""
    for value in values:
        pick(page, name, value)
    page.keyboard.press("Escape")
    apply(page)


def apply(page: Page) -> None:
    with page.expect_response(lambda answer: "/api/v1/chart/data" in answer.url):
        page.locator('[data-test="filter-bar__apply-button"]').click()
    page.wait_for_load_state("networkidle")
    page.wait_for_function("document.querySelectorAll('.loading').length === 0")


def take_away(page: Page, title: str, item: str, path: Path) -> list[dict[str, str]]:
    """Download a chart's rows by its menu."""
    with page.expect_download() as download:
        ask_for_file(page, title, item)
    download.value.save_as(path)
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def suggested_name(page: Page, title: str, item: str) -> str:
    """What the browser would call the file."""
    with page.expect_download() as download:
        ask_for_file(page, title, item)
    return download.value.suggested_filename


def ask_for_file(page: Page, title: str, item: str) -> None:
    chart(page, title).locator('[aria-label="More Options"]').click()
    page.locator(f".ant-dropdown{UNFOLDED}").get_by_role("menuitem", name="Download").hover()
    page.locator(f".ant-dropdown-menu-submenu-popup{UNFOLDED}").get_by_text(item, exact=True).click()
