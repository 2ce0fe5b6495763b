"""Gives Playwright a Chromium of the distribution: ``python -m bootstrap.server.browser PROGRAM FOLDER``.

Superset takes the pictures of its reports with the browser that Playwright finds in PLAYWRIGHT_BROWSERS_PATH, a folder
that Playwright fills with downloads of its own. One from the distribution is patched with it.
"""

import os
import re
import sys
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

VARIABLE = "PLAYWRIGHT_BROWSERS_PATH"
_MISSING = re.compile(r"Executable doesn't exist at (\S.*)")


def provide(program: Path, folder: Path) -> Path:
    """Link the program under the folder, where this version of Playwright looks; gives the link.

    Raises Playwright's ``Error`` when the program does not start as a browser.
    """
    os.environ[VARIABLE] = str(folder)
    wanted = _wanted(folder)
    wanted.parent.mkdir(parents=True, exist_ok=True)
    wanted.unlink(missing_ok=True)
    wanted.symlink_to(program)
    with sync_playwright() as playwright:
        playwright.chromium.launch(args=["--no-sandbox", "--disable-dev-shm-usage"]).close()
    return wanted


def _wanted(folder: Path) -> Path:
    """Where Playwright looks; only its complaint says so."""
    with sync_playwright() as playwright:
        try:
            playwright.chromium.launch().close()
        except Error as error:
            if found := _MISSING.search(error.message):
                return Path(found[1].strip())
            raise
    raise FileExistsError(f"{folder} holds a browser already")


if __name__ == "__main__":
    print(provide(Path(sys.argv[1]), Path(sys.argv[2])))
