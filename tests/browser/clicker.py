"""One person who clicks every button of a page once.

A button is known by its name and by what holds it: its section, control, dialog or menu. Of the same button on each of
many rows, the first is clicked. What a click opens is clicked too, menus in menus included.
"""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Error, Page, Request

from tests.browser.test_console import errors, listen

DEEPEST = 4  # a menu, its entry, the entry of that, and what that opens
WAIT = 6.0  # seconds in which a click shows that it does something
SETTLE = 15.0  # seconds in which the page comes to rest
RESTS = 3  # looks in a row that find the page as it was
PAUSE = 30  # milliseconds between two looks
HINTS = ("info-circle", "Show info tooltip", "question-circle")  # say what they have to say while the mouse is on them
REFUSED = "You must be"  # a hint that says who may
LOGGED = "/superset/log/"  # the page tells that it was clicked
SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


class Clicker:
    """One person on one page. Buttons of ``leave`` are not clicked; what those of ``last`` open is not followed.

    ``begin`` is done first on the page, each time that it is opened.
    """

    def __init__(
        self,
        page: Page,
        url: str,
        leave: set[str],
        *,
        last: set[str],
        begin: Callable[[Page], None] = lambda page: None,
    ) -> None:
        self.page, self.url, self.left, self.last, self.done = page, url, leave, last, set[str]()
        self.begin = begin
        self.known: set[str] = set()
        self.wrong = listen(page)
        self.before: list[str] = []  # what there was to click before the latest click
        self.came: list[str] = []
        self.asking: set[Request] = set()
        page.add_init_script(SCRIPT)
        page.on("download", lambda download: self.came.append(download.suggested_filename))
        page.on("filechooser", lambda chooser: self.came.append(chooser.element.evaluate("e => e.type")))
        page.context.on("page", lambda opened: self.came.append(opened.url))
        page.on("request", lambda request: self.asking.add(request))
        page.on("requestfailed", lambda request: self.asking.discard(request))
        page.on("requestfinished", self._answered)
        page.on("dialog", lambda dialog: dialog.accept())

    def _answered(self, request: Request) -> None:
        self.asking.discard(request)
        if LOGGED not in request.url:
            self.came.append(request.url)

    def kinds(self) -> list[str]:
        return list(self.page.evaluate("buttons.kinds()"))

    def open(self) -> None:
        if self.page.url.startswith("http"):
            self.page.evaluate("localStorage.clear()")  # remembers what was unfolded
        self.page.goto(self.url)
        self.page.wait_for_load_state("networkidle")
        self.begin(self.page)
        self.settle()

    def until(self, true: Callable[[], object], *, seconds: float = WAIT) -> bool:
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                return False
            self.page.wait_for_timeout(PAUSE)
        return True

    def settle(self) -> None:
        """Wait until nothing is asked of the server and the page stays as it is."""
        seen = [""]

        def rests() -> bool:
            now = self.page.evaluate("buttons.state()")
            seen.append(now)
            still = RESTS if self._is_here() else 5 * RESTS
            return not self.asking and seen[-still:] == [now] * still and not self.page.evaluate("buttons.moving()")

        self.until(rests, seconds=SETTLE)

    def click(self, kind: str) -> None:
        if self.page.evaluate("buttons.hinted()"):
            self.page.mouse.move(1, 1)  # the hint may lie on the button
        self.page.locator(f'[data-kind="{kind}"]').first.click(timeout=WAIT * 1000)

    def does_something(self, kind: str) -> bool:
        """Whether the page changes, a file or a page comes, something is asked of the server, or a menu opens."""
        self.page.evaluate("navigator.clipboard.writeText('')")
        self.before = names = self.kinds()
        before, count = self.page.evaluate("buttons.state()"), len(self.came)
        self.click(kind)
        if not self.until(
            lambda: (
                len(self.came) > count
                or self.page.evaluate("buttons.state()") != before
                or bool(set(self.kinds()).difference(names))
            )
        ):
            hints = "".join(self.page.locator("[role=tooltip]:visible").all_inner_texts())
            said = bool(hints) if kind.endswith(HINTS) else REFUSED in hints
            return said or bool(self.page.evaluate("navigator.clipboard.readText()"))
        self.page.wait_for_load_state()
        self.settle()
        for other in self.page.context.pages[1:]:
            other.close()
        return True

    def unfold(self, kind: str) -> None:
        """Click again what has hidden other buttons and can still be clicked."""
        if self._is_here() and kind in (now := self.kinds()) and not set(self.before) <= set(now):
            self.click(kind)
            self.settle()

    def leave(self) -> bool:
        """Close what has opened; whether the page is there without it."""
        for close in (lambda: self.page.keyboard.press("Escape"), lambda: self.page.mouse.click(1, 1)):
            if self._is_here() and not self.page.evaluate("buttons.opened()"):
                break
            close()
            self.until(lambda: not self.page.evaluate("buttons.opened()"), seconds=0.5)
        return self._is_here() and not self.page.evaluate("buttons.opened()")

    def _is_here(self) -> bool:
        return self.page.url.split("?")[0] == self.url.split("?")[0]

    def walk(self) -> Iterator[str]:
        """What is wrong: the way to a button, and what its click did, on a page opened for it too."""

        def is_last(way: list[str]) -> bool:
            return len(way) == 1 and way[0].split(" > ")[-1] in self.last

        self.open()
        todo = sorted([[kind] for kind in self.news()], key=is_last)
        while todo:
            way = todo.pop(0)
            if way[-1] in self.done:
                continue
            self.done.add(way[-1])
            wrong = self.attempt(way)
            if wrong:
                self.open()
                wrong = self.attempt(way)
            yield from wrong
            if is_last(way):
                continue
            opened = self.news() if self._is_here() else []
            if not wrong:
                self.unfold(way[-1])
            todo[:0] = [[*way, kind] for kind in opened if len(way) < DEEPEST]

    def news(self) -> list[str]:
        """The buttons that were never seen before."""
        found = [kind for kind in self.kinds() if kind not in self.known]
        self.known.update(found)
        return [kind for kind in found if not self.left.intersection(kind.split(" > "))]

    def attempt(self, way: list[str]) -> list[str]:
        """What is wrong with the last button of the way."""
        self.wrong.clear()
        try:
            self.come_to(way)
            done = self.does_something(way[-1])
        except Error as error:
            return [f"{way}: cannot be clicked: {error}"]
        wrong = [] if done else [f"{way}: does nothing"]
        if found := errors(self.wrong):
            wrong.append(f"{way}: {found[:2]}")
        return wrong

    def come_to(self, way: list[str]) -> None:
        """Bring the last button of the way into sight, with as few clicks as it takes."""
        if self._is_here() and way[-1] in self.kinds():
            return
        if not self.leave() or not set(way) & set(self.kinds()):
            self.open()
        there = set(self.kinds())
        nearest = max((number for number, kind in enumerate(way) if kind in there), default=0)
        for step, following in pairwise(way[nearest:]):
            self.click(step)
            self.until(lambda following=following: following in self.kinds())
            self.settle()
