"""The publish that follows a refresh, broken on a real site while somebody asks a chart.

As a program it is the ``lgs`` command, which waits when the step of its first argument begins.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import requests

from benchmarks.chaos.readers import Asking, Read, told, worst
from benchmarks.chaos.stumbling import HERE, Stumbling
from benchmarks.site import Site
from bootstrap import cli
from bootstrap.assets.client import Client
from bootstrap.errors import LgsError

STEPS = ("Compare with Superset", "Send what changed", "Verify charts", "Access and reports")
CHART = "How much do we sell each month?"
_PAUSE = 0.2


@dataclass
class Viewers(Asking):
    """Ask one chart again and again, as a dashboard does that refreshes itself."""

    site: Site
    chart: int
    known: dict[str, str] = field(default_factory=dict)

    def answer(self, client: Client) -> str:
        """The rows in an order of our own: the chart sorts them by its axis, and the query does not."""
        rows = client.get(f"/api/v1/chart/{self.chart}/data/")["result"][0]["data"]
        return "\n".join(sorted(map(str, rows)))

    def _ask(self) -> None:
        client = None
        while not self._is_over.is_set():
            started = time.perf_counter()
            try:
                stack = self.site.stack
                client = client or Client(stack.superset_url, stack.superset_username, stack.superset_password)
                what = self.known.get(self.answer(client), "a mix")
                self.seen.append(Read(time.perf_counter() - started, what))
            except (LgsError, requests.RequestException) as error:
                client = None
                self.seen.append(Read(time.perf_counter() - started, str(error)[:60], is_error=True))
            time.sleep(_PAUSE)


def _kill_command(process: "subprocess.Popen[str]", _: Site) -> None:
    process.kill()


def _interrupt(process: "subprocess.Popen[str]", _: Site) -> None:
    process.send_signal(signal.SIGINT)


def _kill_superset(_: "subprocess.Popen[str]", site: Site) -> None:
    master = site.stack.superset.process()
    if master is None:
        raise AssertionError("Superset runs")
    for process in [master, *master.children(recursive=True)]:
        process.kill()


FAULTS: dict[str, Callable[["subprocess.Popen[str]", Site], None]] = {
    "kill -9 of the command": _kill_command,
    "Ctrl-C": _interrupt,
    "kill -9 of Superset": _kill_superset,
}


def cells(site: Site, source: Path, steps: tuple[str, ...] = STEPS) -> Iterator[tuple[str, ...]]:
    """Each fault at each step: fault, step, how the command ended, what was seen, longest wait, next run, lost."""
    chart = next(number for number, title in site.charts().items() if title == CHART)
    viewers = Viewers(site, chart)
    viewers.known[viewers.answer(site.client)] = "old"
    site.lgs("refresh", "--append", "--source", str(source))
    viewers.known[viewers.answer(site.client)] = "new"
    site.lgs("rollback")
    viewers.start()
    time.sleep(3)
    normal = worst(viewers.end())
    for fault, inject in FAULTS.items():
        for step in steps:
            viewers.start()
            ended = _broken(site, source, step, inject)
            seen = viewers.end()
            site.lgs("up")
            after = viewers.known.get(viewers.answer(site.client), "a mix")
            wrong = [] if after == "new" else ["the next run does not show the new generation"]
            wrong += ["an answer that is neither"] if any(one.what == "a mix" for one in seen) else []
            wrong += ["an error"] if "Superset" not in fault and any(one.is_error for one in seen) else []
            site.lgs("rollback")
            back = viewers.known.get(viewers.answer(site.client), "a mix")
            wrong += [] if back == "old" else ["the rollback does not show the old generation"]
            wait = f"{(worst(seen) - normal) * 1000:+.0f} ms"
            yield fault, step, ended, told(seen), wait, f"lgs up: {after}", "; ".join(wrong) or "nothing"


def _broken(site: Site, source: Path, step: str, inject: Callable[["subprocess.Popen[str]", Site], None]) -> str:
    command = [sys.executable, "-m", "benchmarks.chaos.publishing", step, "refresh", "--append", "--source"]
    environment = {**os.environ, **site.environment}
    with subprocess.Popen(
        [*command, str(source)],
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        lines = iter(process.stdout.readline, "") if process.stdout else iter(())
        if not any(line.strip() == HERE for line in lines):
            raise AssertionError(f"{step} did not begin")
        inject(process, site)
        said = process.communicate("go on\n" if process.poll() is None else None, timeout=300)[0] or ""
    words = [line for line in said.splitlines() if line.startswith(("Error:", "Interrupted"))]
    return "; ".join([f"{process.returncode}", *(["a traceback"] if "Traceback" in said else []), *words[-1:]])


if __name__ == "__main__":
    Stumbling.at = sys.argv.pop(1)
    cli.Progress = Stumbling  # type: ignore[attr-defined]
    cli.main()
