"""``python -m benchmarks.chaos``: break each step of a refresh in each way, and print what came of it.

It needs root, for a small file system that can be filled.
"""

import argparse
import csv
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.chaos import publishing
from benchmarks.chaos.faults import FAULTS, Fault, Scene, possible
from benchmarks.chaos.readers import Answer, Read, Readers, answer, told, worst
from benchmarks.chaos.stumbling import HERE
from benchmarks.site import running
from bootstrap import stack as stacks
from bootstrap.project import current
from bootstrap.refresh import refresh, rollback
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.spec import Layer
from bootstrap.stack import Stack
from tests.refresh.shop import held
from tests.stack.places import quiet, settings_for
from warehouse.demo import write_demo

STEPS = (
    "read the source",
    "compare days",
    "load the warehouse",
    "derive dimensions",
    "Build rollup",
    "Build mart",
    "Contracts",
    "Metrics",
)
ALLOWED = 0.25  # seconds that a reader may wait beyond what is normal
_HISTORY = ("mart.refresh_history", "mart.freshness")
_DISK = "3G"  # a server that is killed leaves files behind
_HEAD = "invoice_no,stock_code,description,quantity,invoice_date,unit_price,customer_id,country\n"


@dataclass(frozen=True)
class Cell:
    """What came of one fault at one step. ``lost`` is empty when all is as it should be."""

    step: str
    fault: str
    ended: str
    readers: str
    wait: float
    next_run: str
    lost: str

    def cells(self) -> tuple[str, ...]:
        wait = f"{self.wait * 1000:+.0f} ms"
        return self.fault, self.step, self.ended, self.readers, wait, self.next_run, self.lost or "nothing"


@dataclass
class Bench:
    """The warehouse that is broken, with what it holds in the two generations."""

    disk: Path
    stack: Stack
    layer: Layer
    source: Path
    known: Mapping[Answer, str]
    contents: Mapping[str, Mapping[str, str]]
    normal: float

    def content(self) -> Mapping[str, str]:
        return _content(self.stack, self.layer)

    def run(self, fault: Fault, step: str) -> Cell:
        """Break it there, look at what readers see, run again, and go back to the old generation."""
        whole = self.source.read_bytes()
        readers = Readers(self.stack.url("reader"), self.known)
        readers.start()
        time.sleep(0.2)
        ended = self._broken(fault, step)
        seen = readers.end()
        if fault.kills:
            self._again()
        after = self.known.get(answer(self.stack.url("reader")), "a mix")
        self.source.write_bytes(whole)
        next_run = self._refreshed()
        lost = self._lost(seen, after, fault)
        rollback(self.stack.url("warehouse"), self.layer, progress=quiet())
        if self.content() != self.contents["old"]:
            lost = f"{lost} not as before after the rollback".strip()
        return Cell(step, fault.name, ended, f"{told(seen)}, then {after}", worst(seen) - self.normal, next_run, lost)

    def _broken(self, fault: Fault, step: str) -> str:
        command = [sys.executable, "-m", "benchmarks.chaos.stumbling", self.stack.url("warehouse"), step]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with subprocess.Popen([*fault.before, *command, str(self.source)], text=True, **pipes) as process:  # type: ignore[call-overload]
            lines = iter(process.stdout.readline, "")
            if not any(line.strip() == HERE for line in lines):
                raise AssertionError(f"{step} did not begin")
            scene = Scene(self.disk, self.stack, self.source, process)
            fault.inject(scene)
            said = process.communicate("go on\n" if process.poll() is None else None, timeout=120)[0] or ""
        words = [line for line in said.splitlines() if line.startswith(("Error:", "Loaded", "Nothing"))]
        wrong = ["a traceback"] if "Traceback" in said else []
        return "; ".join([*scene.heard, *wrong, f"{process.returncode}", *(word[:70] for word in words[-1:])])

    def _again(self) -> None:
        (self.disk / "ballast").unlink(missing_ok=True)
        stacks.start(self.stack.settings, progress=quiet(), site=False)

    def _refreshed(self) -> str:
        options = {"append": True, "max_rejects": 0.0, "progress": quiet()}
        done = refresh(self.stack.url("warehouse"), self.layer, source=self.source, **options)  # type: ignore[arg-type]
        return "loaded" if done.changed else "nothing to do"

    def _lost(self, seen: list[Read], after: str, fault: Fault) -> str:
        """What is wrong with this cell, in words."""
        wrong = []
        if any(one.what == "a mix" for one in seen) or after == "a mix":
            wrong.append("a mix of generations")
        if any(one.is_error for one in seen) and not fault.kills:
            wrong.append(f"an error: {next(one.what for one in seen if one.is_error)[:60]}")
        if worst(seen) - self.normal > ALLOWED and not fault.kills:
            wrong.append("a wait")
        if self.content() != self.contents["new"]:
            wrong.append("rows: the next run did not make the new generation")
        return "; ".join(wrong)


def _content(stack: Stack, layer: Layer) -> Mapping[str, str]:
    """The content of each relation but those that tell of refreshes."""
    with closing(psycopg2.connect(stack.url("admin"))) as connection:
        found = held(connection, layer, "nothing")
    return {name: content for name, content in found.items() if name not in _HISTORY}


@contextmanager
def _small_disk(place: Path) -> Iterator[Path]:
    """A file system that can be filled. In memory it would not do: there a folder that grows may be read twice."""
    place.mkdir()
    image = place.with_suffix(".img")
    subprocess.run(["truncate", "-s", _DISK, image], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, place], check=True)
    place.chmod(0o755)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@contextmanager
def _bench(folder: Path, lines: int) -> Iterator[Bench]:
    """A demo shop on a small disk, and a file of a new day that is not loaded yet."""
    base, source, layer = folder / "base.sql", folder / "day.csv", load_layer(current().views)
    write_demo(base, lines=lines)
    with source.open("w") as stream:
        stream.write(_HEAD)
        rows = csv.writer(stream, lineterminator="\n")
        for number in range(300):
            when = f"2011-12-{1 + number % 8:02} 10:{number % 60:02}:00"
            customer = 12_346 + number % 90
            code = f"9{number % 40:04}"
            rows.writerow([800_000 + number // 5, code, f"NEW THING {code}", 3, when, "2.55", customer, "France"])
    with _small_disk(folder / "disk") as disk:
        settings = settings_for(disk / "home", disk_reserve=0)
        stack = stacks.start(settings, progress=quiet(), site=False)
        try:
            yield _measured(disk, stack, layer, base, source)
        finally:
            (disk / "ballast").unlink(missing_ok=True)
            stacks.remove(settings)


def _measured(disk: Path, stack: Stack, layer: Layer, base: Path, source: Path) -> Bench:
    """Load both generations once, to know them, and how long readers wait when nothing happens."""
    owner, reader = stack.url("warehouse"), stack.url("reader")
    options = {"max_rejects": 0.0, "progress": quiet()}
    refresh(owner, layer, source=base, **options)  # type: ignore[arg-type]
    old, contents = answer(reader), {"old": _content(stack, layer)}
    refresh(owner, layer, source=source, append=True, **options)  # type: ignore[arg-type]
    known = {old: "old", answer(reader): "new"}
    contents["new"] = _content(stack, layer)
    rollback(owner, layer, progress=quiet())
    readers = Readers(reader, known)
    readers.start()
    time.sleep(3)
    return Bench(disk, stack, layer, source, known, contents, worst(readers.end()))


def _rows(folder: Path, options: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    """A row of the table for each fault and step."""
    with _bench(folder, options.lines) as bench:
        for fault in possible(FAULTS):
            for step in options.steps:
                if not fault.steps or step in fault.steps:
                    yield bench.run(fault, step).cells()
    if not options.no_site:
        with running(folder, folder / "base.sql") as site:
            yield from publishing.cells(site, folder / "day.csv")


def main() -> int:
    """Print the matrix; the exit code is 1 when anything was lost in any cell."""
    parser = argparse.ArgumentParser(prog="benchmarks.chaos", description=__doc__)
    parser.add_argument("--lines", type=int, default=20_000, help="lines of the demo shop that is broken")
    parser.add_argument("--steps", nargs="*", default=STEPS, help="which steps of the refresh; all, when none is named")
    parser.add_argument("--no-site", action="store_true", help="leave the publish out, which needs a site")
    options = parser.parse_args()
    console = Console(width=200, highlight=False)
    rows: list[tuple[str, ...]] = []
    folder = Path(tempfile.mkdtemp(prefix="lgs-chaos-"))
    folder.chmod(0o755)
    try:
        for row in _rows(folder, options):
            rows.append(row)
            console.print("  ".join(row), markup=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    heads = ("fault", "at", "the command", "readers saw", "longest wait over normal", "next run", "lost")
    table = Table(*heads, box=box.MARKDOWN)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print("Normal is the longest wait in three seconds without a refresh.")
    missing = [fault.name for fault in FAULTS if fault not in list(possible(FAULTS))]
    if missing:
        console.print(f"Not tried, because a program is missing: {', '.join(missing)}.")
    return int(any(row[-1] != "nothing" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
