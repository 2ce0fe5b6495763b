"""Every button that a role sees is clicked once: something happens, and nothing is refused or goes wrong.

A button is known by its name: of the same button on each of many rows, the first is clicked. What a click opens is
clicked too, menus in menus included.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Error, Page

from bootstrap.assets.client import Client
from tests.browser.conftest import DASHBOARD
from tests.browser.test_console import errors, listen
from tests.conftest import Shop

pytestmark = [pytest.mark.stack, pytest.mark.browser]
DEEPEST = 3  # a menu, its entry, and what that opens
WAIT = 6_000  # milliseconds in which a click shows that it does something
LOST = {"Logout": "ends the session for the clicks that follow"}
# Clicked once, on the page that is fastest.
NAVIGATION = {"Dashboards", "Charts", "Datasets", "SQL", "Settings", "down plus", "down theme"}
HINTS = ("info-circle", "Show info tooltip")  # say what they have to say while the mouse is on them
REFUSED = "You must be"  # a hint that says who may
# Marks one button of each name, and tells the names: visible, not disabled, and not what is chosen already.
KINDS = """() => {
  const found = new Set();
  for (const e of document.querySelectorAll('button, [role=button], [role=menuitem], [role=tab], [role=switch]')) {
    e.removeAttribute('data-kind');
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (box.width < 2 || box.height < 2 || style.visibility === 'hidden' || style.pointerEvents === 'none') continue;
    if (e.disabled || e.closest('[aria-disabled=true], [disabled], .ag-root')) continue;
    if (e.getAttribute('aria-selected') === 'true' || e.closest('[aria-current], .active')) continue;
    const inner = [...e.querySelectorAll('[aria-label]')].map(one => one.getAttribute('aria-label'))
      .join(' ').replace(/sun|moon|format-painter/, 'theme');
    const text = (e.innerText || '').trim().split('\\n')[0].replace(/^\\d+$/, 'a page');
    const name = text || e.getAttribute('aria-label') || inner || e.dataset.test;
    if (!name) continue;
    if (found.has(name)) continue;
    found.add(name);
    e.setAttribute('data-kind', name);
  }
  return [...found];
}"""
STATE = """() => [location.href, document.body.innerText, document.fullscreenElement !== null,
  document.querySelectorAll('[aria-expanded=true], [aria-checked=true], [aria-selected=true], [role=dialog]').length,
  [...document.querySelectorAll('[role=menu], [role=tooltip], .ant-popover')].filter(e => e.offsetParent).length,
  [...document.querySelectorAll('[class*=starred], [class*=sort], input')].map(e => e.className + e.value)].join(' ')"""


class Clicker:
    """One person on one page."""

    def __init__(self, page: Page, url: str, leave: set[str]) -> None:
        self.page, self.url, self.done = page, url, set(LOST) | leave
        self.wrong = listen(page)
        self.files: list[str] = []
        self.asked: list[str] = []
        page.on("download", lambda download: self.files.append(download.suggested_filename))
        page.on("requestfinished", lambda request: self.asked.append(request.url))
        page.on("filechooser", lambda chooser: self.asked.append(chooser.element.evaluate("e => e.type")))
        page.on("dialog", lambda dialog: dialog.accept())

    def open(self) -> list[str]:
        self.page.goto(self.url)
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_timeout(500)
        return list(self.page.evaluate(KINDS))

    def click(self, kind: str) -> None:
        self.page.locator(f'[data-kind="{kind}"]').first.click(timeout=WAIT)

    def does_something(self, kind: str) -> bool:
        """Whether the page changes, a file or a page comes, something is asked of the server, or a menu opens."""
        self.page.evaluate("navigator.clipboard.writeText('')")
        names = set(self.page.evaluate(KINDS))
        self.page.locator(f'[data-kind="{kind}"]').first.hover(timeout=WAIT)
        self.page.wait_for_timeout(300)  # a hint may show
        hints = "".join(self.page.locator("[role=tooltip]:visible").all_inner_texts())
        hint = bool(hints) if kind in HINTS else REFUSED in hints
        before, pages, seen = self.page.evaluate(STATE), len(self.page.context.pages), len(self.files + self.asked)
        self.click(kind)
        for _ in range(WAIT // 100):
            self.page.wait_for_timeout(100)
            come = len(self.page.context.pages) > pages or len(self.files + self.asked) > seen
            if come or self.page.evaluate(STATE) != before or set(self.page.evaluate(KINDS)) - names:
                break
        else:
            return hint or bool(self.page.evaluate("navigator.clipboard.readText()"))
        self.page.wait_for_timeout(200)
        self.page.wait_for_load_state("networkidle")
        for other in self.page.context.pages[1:]:
            other.close()
        return True

    def leave(self, start: list[str]) -> bool:
        """Close what has opened; whether the page is as it was."""
        self.page.keyboard.press("Escape")
        self.page.mouse.move(0, 0)
        self.page.wait_for_timeout(250)
        stays = self.page.locator(".ant-popover:visible, [role=dialog]:visible").count()
        return self._is_here() and not stays and set(start) <= set(self.page.evaluate(KINDS))

    def _is_here(self) -> bool:
        return self.page.url.split("?")[0] == self.url.split("?")[0]

    def walk(self) -> Iterator[str]:
        """What is wrong: the way to a button, and what its click did, on a page opened for it too."""
        start = self.open()
        todo = [[kind] for kind in start]
        while todo:
            way = todo.pop(0)
            if way[-1] in self.done:
                continue
            self.done.add(way[-1])
            if not self.leave(start):
                self.open()
            opened, wrong = self.attempt(way)
            if wrong:
                self.open()
                opened, wrong = self.attempt(way)
            yield from wrong
            todo[:0] = [[*way, kind] for kind in opened if len(way) < DEEPEST]

    def attempt(self, way: list[str]) -> tuple[list[str], list[str]]:
        """What the click opened, and what is wrong with it."""
        self.wrong.clear()
        try:
            known = self.come_to(way)
            done = self.does_something(way[-1])
        except Error as error:
            return [], [f"{' > '.join(way)}: cannot be clicked: {error}"]
        wrong = [] if done else [f"{' > '.join(way)}: does nothing"]
        if found := errors(self.wrong):
            wrong.append(f"{' > '.join(way)}: {found[:2]}")
        return [kind for kind in self.page.evaluate(KINDS) if kind not in known] if self._is_here() else [], wrong

    def come_to(self, way: list[str]) -> set[str]:
        """Click again what leads to the last of them; what is there to click then."""
        for step, following in pairwise(way):
            if way[-1] in self.page.evaluate(KINDS):
                break  # a button that takes turns with another one
            self.click(step)
            for _ in range(WAIT // 100):
                self.page.wait_for_timeout(100)
                if following in self.page.evaluate(KINDS):
                    break
            self.page.wait_for_timeout(200)
            self.page.wait_for_load_state("networkidle")
        return set(self.page.evaluate(KINDS))


ADDRESSES = {
    "dashboard": DASHBOARD,
    "dashboards": "/dashboard/list/",
    "charts": "/chart/list/",
    "datasets": "/tablemodelview/list/",
    "person": "/user_info/",
    "saved queries": "/savedqueryview/list/",
    "history": "/sqllab/history/",
}


@pytest.mark.parametrize(
    ("name", "where"),
    [("marketing", where) for where in ("dashboard", "dashboards", "charts", "person")]
    + [("analyst", where) for where in ("datasets", "saved queries", "history")],
)
def test_each_button_does_something_and_nothing_goes_wrong(
    shop: Shop, signed_in: Callable[..., Page], name: str, where: str
) -> None:
    page = signed_in(name, permissions=["clipboard-read", "clipboard-write"])
    leave = NAVIGATION if where != "person" else set()
    admin = Client(shop.stack.superset_url, "admin", shop.stack.credentials.users["admin"])
    before = {one["id"] for one in admin.list("/api/v1/dashboard/")}
    clicker = Clicker(page, shop.stack.superset_url + ADDRESSES[where], leave)
    found = list(clicker.walk())
    page.context.close()
    for made in {one["id"] for one in admin.list("/api/v1/dashboard/")} - before:
        admin.delete(f"/api/v1/dashboard/{made}")
    assert found == []
    assert clicker.done - leave - set(LOST)
