"""A real Chromium, with marketing signed in and the dashboard open."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bootstrap.assets import load_specs
from bootstrap.assets.spec import Specs
from bootstrap.project import current
from bootstrap.semantic.loader import load_layer
from tests.conftest import Shop

Select = Callable[..., Any]
PAGES: list[Page] = []
"""Those that the test has open."""
DASHBOARD = "/superset/dashboard/sales-customers/"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failure shows what was on the page."""
    report = yield
    if report.when == "call":
        seen = [page for page in PAGES if not page.is_closed()] if report.failed else []
        report.sections += [(f"Seen on {page.url}", page.inner_text("body")[-3000:]) for page in seen]
        PAGES.clear()
    return report


@pytest.fixture(scope="session")
def specs() -> Specs:
    return load_specs(current().superset, load_layer(current().views))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no Chromium on this machine. Get one: apt-get install chromium")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    expect.set_options(timeout=60_000)  # a busy machine draws slowly
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in(shop: Shop, browser: Browser) -> Callable[..., Page]:
    """Opens a page as somebody, who signs in once; keyword arguments are those of a browser context."""
    states: dict[str, Any] = {}

    def new_page(**context: Any) -> Page:
        page = browser.new_context(**{"viewport": {"width": 1500, "height": 1400}} | context).new_page()
        page.set_default_timeout(60_000)
        PAGES.append(page)
        return page

    def sign_in(name: str) -> Any:
        page = new_page()
        page.goto(f"{shop.stack.superset_url}/login/")
        page.fill("#username", name)
        page.fill("#password", shop.stack.credentials.users[name])
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "login" not in url)
        state = page.context.storage_state()
        page.context.close()
        return state

    def open_page(name: str, **context: Any) -> Page:
        if name not in states:
            states[name] = sign_in(name)
        return new_page(storage_state=states[name], **context)

    return open_page


@pytest.fixture
def dashboard(shop: Shop, signed_in: Callable[..., Page]) -> Iterator[Page]:
    page = signed_in("marketing")
    page.goto(shop.stack.superset_url + DASHBOARD)
    page.wait_for_selector(".lgs-value")
    yield page
    page.context.close()


@pytest.fixture(scope="session")
def select(shop: Shop) -> Select:
    """One value by SQL, as the analyst reads it."""

    def run(statement: str, *parameters: Any) -> Any:
        with psycopg2.connect(shop.stack.url("analyst")) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            row = cursor.fetchone()
            return row[0] if row else None

    return run
