"""A small shop that is refreshed, and what of it a refresh may change."""

import io
import sys
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection
from rich.console import Console

from bootstrap.progress import Progress
from bootstrap.refresh import Refreshed, refresh
from bootstrap.semantic.spec import Layer
from tests.conftest import Database
from tests.content import content_hashes

SMALL = Path(__file__).parents[1] / "data" / "small.sql"
KILLED = [sys.executable, "-m", "tests.refresh.killed"]


def quiet() -> Progress:
    return Progress(Console(file=io.StringIO()))


class Watching(Progress):
    """Looks at the mart as a reader does, who waits for nobody, whenever a step ends."""

    def __init__(self, database: Database) -> None:
        super().__init__(Console(file=io.StringIO()))
        self.database = database
        self.seen: list[int] = []

    def _end(self, *_: object) -> None:
        self.seen.append(self.orders())

    def orders(self) -> int:
        with self.database.connect("reader") as reader, reader.cursor() as cursor:
            cursor.execute("set lock_timeout = '250ms'")
            cursor.execute("select sum(orders_total) from mart.monthly_metrics")
            return int((cursor.fetchone() or [0])[0])


def run(database: Database, layer: Layer, source: Path | None, **options: Any) -> Refreshed:
    return refresh(database.owner_url, layer, source=source, **{"max_rejects": 0.1, "progress": quiet()} | options)


def held(connection: Connection, layer: Layer, *schemas: str) -> dict[str, str]:
    """The content of all that a refresh may change, as hashes; of tables, those in ``schemas``, or all."""
    with connection, connection.cursor() as cursor:
        hashes = content_hashes(cursor, layer)
        cursor.execute(
            "select schemaname || '.' || tablename from pg_tables where schemaname ~ %s",
            [f"^({'|'.join(schemas)})$" if schemas else "^(landing|warehouse)"],
        )
        for table in {table for (table,) in cursor.fetchall()} - {"warehouse.attempt"}:  # it tells what failed
            rows = f"select to_jsonb(t) - 'generation' as row from {table} t"  # that only tells landings apart
            cursor.execute(f"select count(*), sum(hash_record_extended(t, 0)::numeric) from ({rows}) t")
            hashes[table] = str(cursor.fetchone())
    return hashes


def later(tmp_path: Path) -> Path:
    """The small dump of the next day: one more line, in March."""
    text = SMALL.read_text()
    line = "500017\t1001\tTEA CUP\t1\t2011-03-10 09:00:00\t2.55\t102\tFrance\n"
    path = tmp_path / "later.sql"
    path.write_text(text.replace("\n\\.\n", f"\n{line}\\.\n"))
    return path
