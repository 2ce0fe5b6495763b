"""``python -m benchmarks``: take the times and print the tables."""

import argparse
import tempfile
from pathlib import Path

from rich.console import Console

from benchmarks import charts, following, refreshing, watching
from benchmarks.ratio import show
from benchmarks.server import embedded

REPOSITORY = Path(__file__).resolve().parents[1]
PARTS = ("refresh", "charts", "watch")


def main() -> None:
    """Print the tables. A part whose data or server is absent says so and is left out."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Take the times that the bounds are about.")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="which of them; all, when none is named")
    parser.add_argument(
        "--data", type=Path, default=REPOSITORY.parent / "shared" / "data", help="the real data's folder"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of which the fastest counts")
    parser.add_argument("--lines", type=int, default=200_000, help="lines of the demo shop that grows tenfold")
    parser.add_argument("--files", type=int, default=50, help="files that are put into the watched folder")
    options = parser.parse_args()
    console, parts = Console(width=150, highlight=False), options.parts or PARTS
    with tempfile.TemporaryDirectory(prefix="lgs-bench-") as name:
        folder = Path(name)
        if "refresh" in parts:
            _refresh(options.data, folder, options.rounds, options.lines, console)
        if "charts" in parts:
            _charts(options.data, folder, options, console)
    if "watch" in parts:
        with tempfile.TemporaryDirectory(prefix="lgs-bench-") as name:
            _watch(options.data, Path(name), options, console)


def _refresh(data: Path, folder: Path, rounds: int, lines: int, console: Console) -> None:
    if not (data / "retail.sql.gz").is_file():
        console.print(f"Refresh: left out, because the real data is not in {data}. Name its folder with --data.")
        return
    with embedded(folder) as server:
        ratios = refreshing.measure(server, data, folder, rounds=rounds)
        ratios += following.measure(server, data, folder, rounds=rounds, full=ratios[0].seconds)
        ratios.append(following.scaled(server, folder, rounds=rounds, lines=lines))
        show("Refresh", ratios, console)


def _charts(data: Path, folder: Path, options: argparse.Namespace, console: Console) -> None:
    real = data / "retail.sql.gz"
    source = real if real.is_file() else None
    for title, ratios in charts.measure(folder, source, lines=options.lines, rounds=max(9, options.rounds)):
        show(title, ratios, console)


def _watch(data: Path, folder: Path, options: argparse.Namespace, console: Console) -> None:
    real = data / "retail.sql.gz"
    source = real if real.is_file() else None
    show("Lag", watching.measure(folder, source, lines=options.lines, files=options.files), console)


if __name__ == "__main__":
    main()
