"""How long a refresh takes that follows a change of one day, against one that loads everything."""

import csv
import gzip
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ratio import Ratio, seconds
from benchmarks.refreshing import quiet
from benchmarks.server import Server
from bootstrap.project import current
from bootstrap.refresh import refresh, rollback
from bootstrap.semantic.loader import load_layer
from warehouse.demo import write_demo

_DAY, _WHEN = 1_600, "2011-12-09 10:00:00"
_HEAD = "invoice_no,stock_code,description,quantity,invoice_date,unit_price,customer_id,country\r\n"
COMMAND = """
import sys
from pathlib import Path
from bootstrap.progress import Progress
from bootstrap.project import current
from bootstrap.refresh import refresh
from bootstrap.semantic.loader import load_layer

url, source, append = sys.argv[1:]
layer = load_layer(current().views)
options = {"append": append == "append", "max_rejects": 0.001, "progress": Progress()}
refresh(url, layer, source=Path(source), **options)
"""


def measure(server: Server, data: Path, folder: Path, *, rounds: int, full: float) -> list[Ratio]:
    """The newest day of the real data, added and in a file of everything, against ``full``, a refresh of everything.

    Each is a command without the publish, and Python's start is in it.
    """
    whole = data / "online_retail_II.csv.gz"
    base, day = _parted(whole, folder)
    layer = load_layer(current().views)
    with server.database() as database:
        url = database.owner_url()
        refresh(url, layer, source=base, max_rejects=0.001, progress=quiet())

        def timed(source: Path, how: str) -> float:
            taken = _command(url, source, how)
            rollback(url, layer, progress=quiet())
            return taken

        appended = min(timed(day, "append") for _ in range(rounds))
        snapshot = min(timed(whole, "snapshot") for _ in range(rounds))
    return [
        Ratio("append of the newest day", "full refresh of the dump", appended, full, 0.12),
        Ratio("a file of everything with one new day", "full refresh of the dump", snapshot, full, 0.35),
    ]


def scaled(server: Server, folder: Path, *, rounds: int, lines: int) -> Ratio:
    """A day of the same size, added to a demo shop of so many lines and to one of ten times as many."""
    times = [_appended(server, folder, size, rounds) for size in (10 * lines, lines)]
    of = f"the same at {lines:,} lines"
    return Ratio(f"append of {_DAY:,} lines at {10 * lines:,} lines", of, times[0], times[1], 2)


def _appended(server: Server, folder: Path, lines: int, rounds: int) -> float:
    base, day = folder / f"demo-{lines}.sql", folder / f"demo-{lines}-day.csv"
    write_demo(base, lines=lines)
    rows = [row for row in base.read_text().splitlines() if row.count("\t") == 7][-_DAY:]
    with day.open("w", newline="") as stream:
        stream.write(_HEAD)
        writer = csv.writer(stream)
        for number, row in enumerate(rows):
            _, code, name, quantity, _, price, customer, country = row.replace("\\N", "").split("\t")
            writer.writerow([900_000 + number // 20, code, name, quantity, _WHEN, price, customer, country])
    with server.database() as database:
        url, layer = database.owner_url(), load_layer(current().views)
        refresh(url, layer, source=base, max_rejects=0.001, progress=quiet())
        taken = []
        for _ in range(rounds):
            taken.append(_command(url, day, "append"))
            rollback(url, layer, progress=quiet())
    return min(taken)


def _command(url: str, source: Path, how: str) -> float:
    return seconds(lambda: subprocess.run([sys.executable, "-c", COMMAND, url, str(source), how], check=True))


def _parted(whole: Path, folder: Path) -> tuple[Path, Path]:
    """A file of all days but the newest, and one of the newest."""
    newest = max(row[4][:10] for row in _rows(whole))
    parts = folder / "base.csv", folder / "day.csv"
    with parts[0].open("w", newline="") as base, parts[1].open("w", newline="") as day:
        writers = csv.writer(base), csv.writer(day)
        for number, row in enumerate(_rows(whole, with_head=True)):
            for is_day, writer in enumerate(writers):
                if not number or (row[4][:10] == newest) == bool(is_day):
                    writer.writerow(row)
    return parts


def _rows(path: Path, *, with_head: bool = False) -> Iterator[list[str]]:
    with gzip.open(path, "rt", newline="") as stream:
        rows = csv.reader(stream)
        if not with_head:
            next(rows)
        yield from rows
