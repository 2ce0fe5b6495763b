"""Every button that a role sees is clicked once: something happens, and nothing is refused or goes wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page

from bootstrap.assets.client import Client
from tests.browser.clicker import Clicker
from tests.browser.conftest import DASHBOARD
from tests.browser.test_sql_lab import COUNTRIES, rows, run
from tests.conftest import Shop

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(1200)]
LOST = {"Logout"}  # ends the session for the clicks that follow
# Clicked once, on the page that is fastest.
NAVIGATION = {"Dashboards", "Charts", "Datasets", "SQL", "Settings", "down plus", "down theme"}
# Each turns the chart into one of another kind, whose controls are others.
KINDS_OF_CHART = {"Area Chart", "Bar Chart", "Big Number", "Line Chart", "Pie Chart", "Table"}
EXPLORED = "How do the segments' shares of all customers change?"
PAGES = {
    ("marketing", "dashboard"): DASHBOARD,
    ("marketing", "dashboards"): "/dashboard/list/",
    ("marketing", "charts"): "/chart/list/",
    ("marketing", "person"): "/user_info/",
    ("marketing", "explore"): "/explore/?slice_id={explored}",
    ("marketing", "gallery"): "/chart/add?dataset=sales_month",
    ("analyst", "sql lab"): "/sqllab/",
    ("analyst", "datasets"): "/tablemodelview/list/",
    ("analyst", "saved queries"): "/savedqueryview/list/",
    ("analyst", "history"): "/sqllab/history/",
}
LAST = {"explore": KINDS_OF_CHART}


def begin_in_sql_lab(page: Page) -> None:
    """A tab with a query and its result: an empty one has nothing to run, save or download."""
    if not page.locator(".ace_editor:visible").count():
        page.locator('[aria-label="Add tab"], [data-test="add-tab-icon"]').first.click()
        page.locator(".ace_editor:visible").first.wait_for()
    run(page, COUNTRIES)
    rows(page)


BEGIN = {"sql lab": begin_in_sql_lab}


@contextmanager
def left_as_it_was(admin: Client) -> Iterator[None]:
    """What was made meanwhile is deleted."""
    kinds = ("dashboard", "chart", "dataset")
    before = {kind: {one["id"] for one in admin.list(f"/api/v1/{kind}/")} for kind in kinds}
    yield
    for kind in kinds:
        for made in {one["id"] for one in admin.list(f"/api/v1/{kind}/")} - before[kind]:
            admin.delete(f"/api/v1/{kind}/{made}")


@pytest.mark.parametrize(("name", "where"), PAGES)
def test_each_button_does_something_and_nothing_goes_wrong(
    shop: Shop, signed_in: Callable[..., Page], name: str, where: str
) -> None:
    admin = Client(shop.stack.superset_url, "admin", shop.stack.credentials.users["admin"])
    charts = {one["slice_name"]: one["id"] for one in admin.list("/api/v1/chart/")}
    url = shop.stack.superset_url + PAGES[name, where].format(explored=charts[EXPLORED])
    page = signed_in(name, permissions=["clipboard-read", "clipboard-write"])
    leave = LOST | (NAVIGATION if where != "person" else set())
    clicker = Clicker(page, url, leave, last=LAST.get(where, set()), begin=BEGIN.get(where, lambda page: None))
    with left_as_it_was(admin):
        found = list(clicker.walk())
        page.context.close()
    assert found == []
    assert clicker.done
