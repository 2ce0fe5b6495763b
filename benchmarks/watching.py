"""How long it takes from a closed file to its numbers in the answer that an open dashboard's auto-refresh gets."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from benchmarks.ratio import Ratio
from benchmarks.site import Site, running
from bootstrap.assets.client import Json
from bootstrap.connection import connected

AIM = 15.0  # seconds
_LOOK = 0.2
_MOST = 300.0
_HEAD = "invoice_no,stock_code,description,quantity,invoice_date,unit_price,customer_id,country\n"
_CHART = "How much do we sell each month?"


def measure(folder: Path, source: Path | None, *, lines: int, files: int) -> list[Ratio]:
    """The median and the 95th percentile of the lags of so many ``files``, one after the other."""
    base, inbox = source or folder / "watched.sql", folder / "inbox"
    if source is None:
        Site(folder / "none", 1, 1).lgs("demo", str(base), "--lines", str(lines))
    inbox.mkdir()
    with running(folder, base) as site, _watching(site, inbox):
        chart = next(number for number, title in site.charts().items() if title == _CHART)
        lags = [_lag(site, chart, inbox, number) for number in range(files)]
    on = "the real data" if source else f"a demo shop of {lines:,} lines"
    why = (
        f"{files} files of a line each on {on}. The chart is asked each {_LOOK} s, as auto-refresh does: not by force."
    )
    p95 = quantiles(lags, n=20, method="inclusive")[-1]
    return [
        Ratio("file closed to number seen, median", "the aim", median(lags), AIM, 1, why=why),
        Ratio("file closed to number seen, 95th percentile", "the aim", p95, AIM, 1, why=why),
    ]


@contextmanager
def _watching(site: Site, inbox: Path) -> Iterator[None]:
    process = site.start("watch", str(inbox))
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _lag(site: Site, chart: int, inbox: Path, number: int) -> float:
    """Put a file of one late line into the folder, see its numbers, and let the publish end."""
    before, path = _answer(site, chart), inbox / f"{number:03}.csv"
    with path.open("w") as stream:
        day = f"2011-11-{1 + number % 28:02} 11:00:00"
        stream.write(f"{_HEAD}99{number:04},22423,REGENCY CAKESTAND 3 TIER,7,{day},12.75,17850,France\n")
    closed = time.perf_counter()
    _until(lambda: _answer(site, chart) != before)
    lag = time.perf_counter() - closed
    _until(lambda: _is_published(site))
    return lag


def _answer(site: Site, chart: int) -> Json:
    found: Json = site.client.get(f"/api/v1/chart/{chart}/data/")["result"][0]["data"]
    return found


def _is_published(site: Site) -> bool:
    with connected(site.stack.url("warehouse")) as connection, connection.cursor() as cursor:
        cursor.execute("select assets <> '{}' from warehouse.receipt order by receipt_id desc limit 1")
        return cursor.fetchone() == (True,)


def _until(is_so: Callable[[], bool]) -> None:
    """Raises ``TimeoutError`` when it does not come true."""
    end = time.monotonic() + _MOST
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"nothing is to be seen after {_MOST:.0f} s")
        time.sleep(_LOOK)
