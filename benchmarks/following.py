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
            taken = seconds(lambda: subprocess.run([sys.executable, "-c", COMMAND, url, source, how], check=True))
            rollback(url, layer, progress=quiet())
            return taken

        appended = min(timed(day, "append") for _ in range(rounds))
        snapshot = min(timed(whole, "snapshot") for _ in range(rounds))
    return [
        Ratio("append of the newest day", "full refresh of the dump", appended, full, 0.12),
        Ratio("a file of everything with one new day", "full refresh of the dump", snapshot, full, 0.35),
    ]


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
