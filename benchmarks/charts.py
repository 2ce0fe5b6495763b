"""How long a chart and the dashboard let one wait, against charts on a table of one row."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.browser import open_seconds
from benchmarks.ratio import Ratio, seconds
from benchmarks.site import Site, add_one_row_charts, running

GROWTH = 10
_COLD = "A chart's time is the least of {rounds} requests with a cold cache, all charts taking turns."


def measure(folder: Path, source: Path | None, *, lines: int, rounds: int) -> Iterator[tuple[str, list[Ratio]]]:
    """Tables with their titles, each as it is done: on ``source``, or else on a demo shop of ``lines``; then growth."""
    small, large = folder / "small.sql", folder / "large.sql"
    maker = Site(folder / "none", 1, 1)
    maker.lgs("demo", str(small), "--lines", str(lines))
    maker.lgs("demo", str(large), "--lines", str(lines * GROWTH))
    on = "the real data" if source else f"a demo shop of {lines:,} lines"
    with running(folder, source or small) as site:
        tab = open_seconds(site, site.dashboard(), rounds=1)
        one_row, plain = add_one_row_charts(site, tab.charts)
        yield f"Charts, on {on}", _charts(site, one_row[0], rounds)
        yield f"The dashboard, on {on}", [_opening(site, plain, rounds)]
        if source:
            site.lgs("refresh", "--source", str(small))
        before = _latencies(site, one_row[0], rounds)
        site.lgs("refresh", "--source", str(large))
        yield "Growth", _growth(site, before, _latencies(site, one_row[0], rounds), lines)


def _latencies(site: Site, one_row: int, rounds: int) -> dict[int, tuple[float, float]]:
    """Of each published chart: its own least time, and the least of the one-row chart right after it."""
    times: dict[int, list[tuple[float, float]]] = {number: [] for number in site.charts()}
    for _ in range(rounds):
        for number, pairs in times.items():
            pairs.append((_request(site, number), _request(site, one_row)))
    return {number: (min(own for own, _ in pairs), min(base for _, base in pairs)) for number, pairs in times.items()}


def _request(site: Site, chart: int) -> float:
    return seconds(lambda: site.client.get(f"/api/v1/chart/{chart}/data/?force=true"))


def _charts(site: Site, one_row: int, rounds: int) -> list[Ratio]:
    names, times = site.charts(), _latencies(site, one_row, rounds)
    least = min(base for _, base in times.values())
    why = _COLD.format(rounds=rounds) + f" The least of all one-row requests took {least * 1000:.0f} ms."
    return [
        Ratio(names[number], "a chart on one row", own, base, 1.5, why=why) for number, (own, base) in times.items()
    ]


def _opening(site: Site, plain: int, rounds: int) -> Ratio:
    ours, theirs = open_seconds(site, site.dashboard(), rounds=rounds), open_seconds(site, plain, rounds=rounds)
    why = (
        f"The dashboard's first tab has {ours.charts} charts, the other dashboard {theirs.charts}; opened in Chromium."
    )
    return Ratio("opening the dashboard", "one of as many one-row charts", ours.seconds, theirs.seconds, 2, why=why)


def _growth(
    site: Site, before: dict[int, tuple[float, float]], after: dict[int, tuple[float, float]], lines: int
) -> list[Ratio]:
    """The middle chart and the worst, each time as a multiple of the one-row chart's of the same minutes."""
    names = site.charts()
    factors = {number: (own / base) / (before[number][0] / before[number][1]) for number, (own, base) in after.items()}
    worst = max(factors, key=factors.__getitem__)
    middle = min(factors, key=lambda number: abs(factors[number] - median(factors.values())))
    named = ((f"median chart ({names[middle]})", middle), (f"worst chart ({names[worst]})", worst))
    why = (
        f"Growth is from a demo shop of {lines:,} lines to one of {lines * GROWTH:,}, corrected by the one-row chart's."
    )
    return [
        Ratio(
            f"{GROWTH} times the lines, {name}",
            f"at {lines:,} lines",
            factors[number] * before[number][0],
            before[number][0],
            1.33,
            why=why,
        )
        for name, number in named
    ]
