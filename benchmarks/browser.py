"""Opens a dashboard as a person does, in Chromium, and takes the time until its last chart stands."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Page, sync_playwright

from benchmarks.ratio import seconds
from benchmarks.site import Site
from bootstrap.errors import UsageError

# Tall enough for a whole tab: Superset asks only for the charts in view.
_WINDOW = {"width": 1600, "height": 5000}
_DONE = """() => {
  const count = name => document.querySelectorAll(`[${name}]`).length;
  const charts = count('data-test-viz-type');
  return charts > 0 && count('data-test="slice-container"') === charts && count('data-test="loading-indicator"') === 0;
}"""


@dataclass(frozen=True)
class Opening:
    """The least time to open a dashboard with an empty data cache, and how many charts it then showed."""

    seconds: float
    charts: int


def open_seconds(site: Site, dashboard: int, *, rounds: int) -> Opening:
    """Open the dashboard so many times. The browser keeps its own cache, as a person's does."""
    with _signed_in(site) as page:
        _open(site, page, dashboard)
        times = []
        for _ in range(rounds):
            site.forget_answers()
            times.append(seconds(lambda: _open(site, page, dashboard)))
        return Opening(min(times), page.locator("[data-test-viz-type]").count())


def _open(site: Site, page: Page, dashboard: int) -> None:
    page.goto(f"{site.stack.superset_url}/superset/dashboard/{dashboard}/")
    page.wait_for_function(_DONE, timeout=120_000)


@contextmanager
def _signed_in(site: Site) -> Iterator[Page]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise UsageError("There is no Chromium to open the dashboard with. Install chromium, or measure only refresh.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport=_WINDOW)  # type: ignore[arg-type]
        page.goto(f"{site.stack.superset_url}/login/")
        page.locator("input#username").fill(site.stack.superset_username)
        page.locator("input#password").fill(site.stack.superset_password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        yield page
        browser.close()
