"""How long a refresh takes, against psql on the same file and against the notebook way."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from benchmarks.notebook import analyse
from benchmarks.ratio import Ratio, fastest
from benchmarks.server import Server
from benchmarks.sources import inserts
from bootstrap.connection import connected
from bootstrap.progress import Progress
from bootstrap.project import current
from bootstrap.refresh import refresh
from bootstrap.semantic.loader import load_layer
from warehouse.load import load
from warehouse.migrate import upgrade
from warehouse.sources import open_source

SAMPLE = 200_000


def measure(server: Server, data: Path, folder: Path, *, rounds: int) -> list[Ratio]:
    """The ratios for the real data in ``data``; other forms are made in ``folder``."""
    dump, csv, whole, sample = (
        data / "retail.sql.gz",
        data / "online_retail_II.csv.gz",
        folder / "inserts.sql",
        folder / "sample.sql",
    )
    lines, steps = inserts(dump, whole), Progress(Console(file=StringIO()))
    inserts(dump, sample, lines=SAMPLE)
    raw, ours, ours_csv, notebook, ours_inserts = fastest(
        rounds,
        [
            lambda: _psql(server, dump),
            lambda: _refresh(server, dump, steps),
            lambda: _refresh(server, csv),
            lambda: _notebook(server, dump),
            lambda: _refresh(server, whole),
        ],
    )
    one_by_one, read = fastest(1, [lambda: _psql(server, sample, "-1"), lambda: _load(server, sample)])
    scaled = one_by_one * lines / SAMPLE
    said = f"psql -1 was run on the first {SAMPLE:,} of {lines:,} lines; for the whole file its time is multiplied by "
    said += f"{lines / SAMPLE:.2f}."
    notebook_name = "the notebook way: psql, read_sql, analyses"
    return [
        Ratio("full refresh of the dump", "psql COPY of the same file", ours, raw, 7, why=_shares(steps)),
        Ratio("full refresh of the CSV", "full refresh of the dump", ours_csv, ours, 1.1),
        Ratio("load of INSERT lines into the warehouse", "psql -1 of the same lines", read, one_by_one, 10, above=True),
        Ratio("full refresh of the INSERT form", "psql -1 of it", ours_inserts, scaled, 10, above=True, why=said),
        Ratio("full refresh of the dump", notebook_name, ours, notebook, 1),
        Ratio("full refresh of the CSV", notebook_name, ours_csv, notebook, 1),
        Ratio("full refresh of the INSERT form", notebook_name, ours_inserts, notebook, 1),
    ]


def _psql(server: Server, file: Path, *options: str) -> None:
    with server.database() as database:
        database.psql(file, *options)


def _refresh(server: Server, file: Path, steps: Progress | None = None) -> None:
    with server.database() as database:
        layer = load_layer(current().views)
        refresh(database.owner_url(), layer, source=file, max_rejects=0.001, progress=steps or quiet())


def _shares(steps: Progress) -> str:
    """Where the time of the refreshes goes, by step."""
    total = sum(step.seconds for step in steps.steps)
    spent: dict[str, float] = {}
    for step in steps.steps:
        spent[step.name] = spent.get(step.name, 0) + step.seconds / total
    shares = ", ".join(f"{name} {share:.0%}" for name, share in spent.items())
    return f"The steps of the dump's full refresh: {shares}."


def _load(server: Server, file: Path) -> None:
    with (
        server.database() as database,
        connected(database.owner_url()) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        upgrade(connection)
        load(cursor, open_source(file), max_rejects=0.001, progress=quiet())


def _notebook(server: Server, file: Path) -> None:
    with server.database() as database:
        database.psql(file)
        analyse(database.admin_url)


def quiet() -> Progress:
    """Shows nothing."""
    return Progress(Console(file=StringIO()))
