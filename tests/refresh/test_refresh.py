"""What a refresh promises, tried on a real server."""

import gzip
import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg2.extensions import connection as Connection
from rich.console import Console

from bootstrap.errors import CheckFailed, Locked, SourceError, Unreachable
from bootstrap.layer.build import content_hashes
from bootstrap.layer.loader import load_layer
from bootstrap.layer.spec import Check, Layer
from bootstrap.progress import Progress
from bootstrap.refresh import LOCK_KEY, Refreshed, refresh
from bootstrap.settings import data_folder
from tests.conftest import Database

SMALL = Path(__file__).parents[1] / "data" / "small.sql"
KILLED = Path(__file__).with_name("killed.py")


@pytest.fixture(scope="module")
def layer() -> Layer:
    return load_layer(data_folder("views"))


def run(database: Database, layer: Layer, source: Path | None, **options: bool) -> Refreshed:
    progress = Progress(Console(file=io.StringIO()))
    return refresh(database.owner_url, layer, source=source, max_rejects=0.001, progress=progress, **options)


def held(connection: Connection, layer: Layer) -> dict[str, str]:
    """The content of all that a refresh may change, as hashes."""
    with connection, connection.cursor() as cursor:
        hashes = content_hashes(cursor, layer)
        for table in ("warehouse.line", "warehouse.receipt", "landing.line", "landing.reject"):
            cursor.execute(f"select count(*), sum(hash_record_extended(t, 0)::numeric) from {table} t")
            hashes[table] = str(cursor.fetchone())
    return hashes


def later(tmp_path: Path) -> Path:
    """The small dump of the next day: one more line, in March."""
    text = SMALL.read_text()
    line = "500017\t1001\tTEA CUP\t1\t2011-03-10 09:00:00\t2.55\t102\tFrance\n"
    path = tmp_path / "later.sql"
    path.write_text(text.replace("\n\\.\n", f"\n{line}\\.\n"))
    return path


def test_second_run_has_nothing_to_do_and_proves_it(database: Database, layer: Layer) -> None:
    first = run(database, layer, SMALL)
    before = held(database.connect(), layer)
    second = run(database, layer, SMALL)
    assert first.changed
    assert not second.changed
    assert first.receipt.sha256[:12] in second.proof
    assert held(database.connect(), layer) == before


def test_receipt_counts_the_lines_and_names_the_source(database: Database, layer: Layer) -> None:
    receipt = run(database, layer, SMALL).receipt
    assert (receipt.lines_read, receipt.lines_kept, receipt.rejected) == (18, 18, {})
    assert receipt.source == str(SMALL)
    assert [month.isoformat() for month in receipt.months_changed] == ["2011-01-01", "2011-02-01", "2011-03-01"]


def test_the_same_lines_in_another_file_change_nothing(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    compressed = tmp_path / "small.sql.gz"
    compressed.write_bytes(gzip.compress(SMALL.read_bytes()))
    again = run(database, layer, compressed)
    assert not again.changed
    assert "content hash" in again.proof


def test_only_the_months_whose_lines_changed_are_rebuilt(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    receipt = run(database, layer, later(tmp_path)).receipt
    assert [month.isoformat() for month in receipt.months_changed] == ["2011-03-01"]
    assert receipt.lines_kept == 19


def test_a_changed_number_of_a_complete_month_is_listed(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    changed = tmp_path / "changed.sql"
    changed.write_text(SMALL.read_text().replace("500003\t1003\tLANTERN\t1\t", "500003\t1003\tLANTERN\t2\t"))
    changes = {
        (f"{c.month:%Y-%m}", c.metric): (c.before, c.after)
        for c in run(database, layer, changed).receipt.closed_month_changes
    }
    # January's sales: 25 + 24.50 + 10 + 30 + 18 - 5 = 102.50; one lantern more makes 132.50.
    assert [float(value or 0) for value in changes["2011-01", "sales"]] == [102.5, 132.5]


def test_plan_touches_nothing(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    before = held(database.connect(), layer)
    planned = run(database, layer, later(tmp_path), plan_only=True)
    assert planned.receipt.lines_kept == 19
    assert held(database.connect(), layer) == before


def test_a_failing_contract_publishes_nothing(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    before = held(database.connect(), layer)
    twin = layer.twin("rfm_customer")
    strict = Check(name="nobody from France", description="", sql="select 102 as customer_id")
    other = layer.model_copy(
        update={"twins": tuple(t.model_copy(update={"checks": (strict,)}) if t is twin else t for t in layer.twins)}
    )
    with pytest.raises(CheckFailed, match="nobody from France") as caught:
        run(database, other, later(tmp_path))
    assert "102" in str(caught.value)
    assert held(database.connect(), layer) == before


def test_two_refreshes_at_once_are_refused(database: Database, layer: Layer) -> None:
    with database.connect() as other, other.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [LOCK_KEY])
        with pytest.raises(Locked, match="Another refresh"):
            run(database, layer, SMALL)


def test_without_any_source_the_error_says_how_to_name_one(database: Database, layer: Layer) -> None:
    with pytest.raises(SourceError, match="--source"):
        run(database, layer, None)


def test_a_gone_source_leaves_what_is_loaded(database: Database, layer: Layer, tmp_path: Path) -> None:
    source = later(tmp_path)
    run(database, layer, source)
    source.unlink()
    assert not run(database, layer, None).changed


def test_an_unreachable_warehouse_names_host_port_and_setting(layer: Layer) -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1.*LGS_WAREHOUSE_URL"):
        refresh("postgresql://x@127.0.0.1:1/x", layer, source=SMALL, max_rejects=0, progress=Progress())


def test_readers_go_on_reading_the_old_numbers_until_the_commit(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    run(database, layer, SMALL)
    seen: list[int] = []

    class Reader(Progress):
        def _end(self, *_: object) -> None:
            with database.connect("reader") as reader, reader.cursor() as cursor:
                cursor.execute("set lock_timeout = '250ms'")
                cursor.execute("select sum(orders_total) from mart.monthly_metrics")
                seen.append(cursor.fetchone()[0])  # type: ignore[index]

    refresh(database.owner_url, layer, source=later(tmp_path), max_rejects=0, progress=Reader())
    with database.connect("reader") as reader, reader.cursor() as cursor:
        cursor.execute("select sum(orders_total) from mart.monthly_metrics")
        assert cursor.fetchone() == (17,)
    assert set(seen) == {16}


def steps(database: Database, layer: Layer) -> list[str]:
    progress = Progress(Console(file=io.StringIO()))
    refresh(database.owner_url, layer, source=SMALL, max_rejects=0, progress=progress)
    return [step.name for step in progress.steps]


def test_a_killed_refresh_leaves_all_as_it_was_and_needs_no_cleaning(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    names = steps(database, layer)
    before = held(database.connect(), layer)
    source = later(tmp_path)
    for name in names:
        done = subprocess.run([sys.executable, KILLED, database.owner_url, source, name], capture_output=True)
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
        assert held(database.connect(), layer) == before, name
    assert run(database, layer, source).receipt.lines_kept == 19
