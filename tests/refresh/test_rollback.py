"""A rollback brings back, to the byte, what the newest refresh that changed lines replaced."""

import gzip
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bootstrap.connection import LOCK_KEY
from bootstrap.errors import CheckFailed, Locked, UsageError
from bootstrap.refresh import Refreshed, rollback
from bootstrap.semantic.spec import Check, Layer
from tests.conftest import REPOSITORY, Database
from tests.refresh.shop import KILLED, SMALL, Watching, held, later, quiet, run
from tests.warehouse.test_migrate import differences

NEW_LINES = """\
500018\t1007\tTEAPOT\t1\t2011-04-01 09:00:00\t9.95\t108\tJapan
500019\t1007\tTEAPOT\tmany\t2011-04-02 09:00:00\t9.95\t108\tJapan
"""


def back(database: Database, layer: Layer, **options: Any) -> Refreshed:
    return rollback(database.owner_url, layer, progress=quiet(), **options)


def data(database: Database, layer: Layer) -> dict[str, str]:
    """All but the history of refreshes."""
    hashes = held(database.connect(), layer, "landing", "warehouse")
    history = ("warehouse.receipt", "mart.refresh_history", "mart.freshness")
    return {name: content for name, content in hashes.items() if name not in history}


def changed(tmp_path: Path) -> Path:
    """January another quantity, February a line less, March as it was; April new: a product, a country, a reject."""
    text = SMALL.read_text().replace("500003\t1003\tLANTERN\t1\t", "500003\t1003\tLANTERN\t2\t")
    lines = [line for line in text.replace("\n\\.\n", f"\n{NEW_LINES}\\.\n").split("\n") if "500008" not in line]
    path = tmp_path / "changed.sql"
    path.write_text("\n".join(lines))
    return path


def test_everything_is_what_it_was_before_the_refresh(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    before = data(database, layer)
    run(database, layer, changed(tmp_path))
    assert data(database, layer) != before
    assert back(database, layer).changed
    assert data(database, layer) == before


def test_once_more_goes_forward_again(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    before = data(database, layer)
    run(database, layer, changed(tmp_path))
    after = data(database, layer)
    for wanted in (before, after, before):
        back(database, layer)
        assert data(database, layer) == wanted


def test_the_receipt_says_what_was_undone(database: Database, layer: Layer, tmp_path: Path) -> None:
    first = run(database, layer, SMALL).receipt
    undone = run(database, layer, changed(tmp_path)).receipt
    receipt = back(database, layer).receipt
    assert receipt.source == f"rollback of receipt {undone.receipt_id} to small.sql"
    assert (receipt.sha256, receipt.lines_read, receipt.lines_kept) == (first.sha256, 18, 18)
    assert (receipt.before, receipt.after) == (undone.after, first.after)
    assert [f"{month:%m}" for month in receipt.months_changed] == ["01", "02", "04"]
    moved = {(f"{c.month:%m}", c.metric): (c.before, c.after) for c in receipt.closed_month_changes}
    # January's sales: 25 + 24.50 + 10 + 30 + 18 - 5 = 102.50; one lantern more made them 132.50.
    assert [float(value or 0) for value in moved["01", "sales"]] == [132.5, 102.5]


def test_a_refresh_in_between_that_changed_nothing_is_passed_over(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    run(database, layer, SMALL)
    before = data(database, layer)
    source, packed = changed(tmp_path), tmp_path / "changed.sql.gz"
    run(database, layer, source)
    packed.write_bytes(gzip.compress(source.read_bytes()))
    assert not run(database, layer, packed).changed
    back(database, layer)
    assert data(database, layer) == before


def test_only_what_the_refresh_replaced_is_kept(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    run(database, layer, changed(tmp_path))
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("select invoice_at::date::text, count(*) from warehouse_before.line group by 1 order by 1")
        assert cursor.fetchall() == [("2011-01-17", 1), ("2011-02-03", 1)]


@pytest.mark.parametrize("refreshes", [0, 1])
def test_without_a_generation_before_nothing_is_lost(database: Database, layer: Layer, refreshes: int) -> None:
    if refreshes:
        run(database, layer, SMALL)
        before = held(database.connect(), layer)
    with pytest.raises(UsageError, match=r"no generation to roll back to.*lgs refresh --source"):
        back(database, layer)
    if refreshes:
        assert held(database.connect(), layer) == before


def test_plan_touches_nothing(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    run(database, layer, later(tmp_path))
    before = held(database.connect(), layer)
    assert back(database, layer, plan_only=True).receipt.lines_kept == 18
    assert held(database.connect(), layer) == before


def test_the_undone_file_is_loaded_again_when_it_is_given_again(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    run(database, layer, SMALL)
    source = later(tmp_path)
    run(database, layer, source)
    after = data(database, layer)
    back(database, layer)
    assert not run(database, layer, None).changed
    assert not run(database, layer, SMALL).changed
    assert run(database, layer, source).changed
    assert data(database, layer) == after


def test_a_failing_contract_changes_nothing(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    run(database, layer, later(tmp_path))
    before = held(database.connect(), layer)
    rule = Check(name="19 lines", description="", sql="select 1 from warehouse.line having count(*) <> 19")
    twins = (layer.twins[0].model_copy(update={"checks": (rule,)}), *layer.twins[1:])
    with pytest.raises(CheckFailed, match="19 lines"):
        back(database, layer.model_copy(update={"twins": twins}))
    assert held(database.connect(), layer) == before


def test_lines_of_other_rules_are_refused(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    run(database, layer, changed(tmp_path))
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("update warehouse_before.day set rules = 'of another version'")
    before = held(database.connect(), layer)
    with pytest.raises(UsageError, match="another version of lgs"):
        back(database, layer)
    assert held(database.connect(), layer) == before


def test_readers_see_one_generation_or_the_other(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    run(database, layer, later(tmp_path))
    watched = Watching(database)
    rollback(database.owner_url, layer, progress=watched)
    assert (set(watched.seen), watched.orders()) == ({17}, 16)


def test_the_tables_stay_those_of_the_migrations(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    run(database, layer, changed(tmp_path))
    assert differences(database.owner_url) == []
    back(database, layer)
    assert differences(database.owner_url) == []


def test_another_refresh_is_not_disturbed(database: Database, layer: Layer) -> None:
    with database.connect() as other, other.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [LOCK_KEY])
        with pytest.raises(Locked):
            back(database, layer)


def test_a_killed_rollback_leaves_all_as_it_was_and_needs_no_cleaning(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    run(database, layer, SMALL)
    wanted = data(database, layer)
    run(database, layer, later(tmp_path))
    progress = quiet()
    rollback(database.owner_url, layer, progress=progress, plan_only=True)
    before = held(database.connect(), layer)
    for step in progress.steps:
        done = subprocess.run([*KILLED, database.owner_url, step.name], cwd=REPOSITORY, capture_output=True)
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
        assert held(database.connect(), layer) == before, step.name
    back(database, layer)
    assert data(database, layer) == wanted


def added(tmp_path: Path, number: int, day: str) -> Path:
    """A file of one more line."""
    head, _, rest = SMALL.read_text().partition("FROM stdin;\n")
    path = tmp_path / f"added-{number}.sql"
    line = f"50010{number}\t1001\tTEA CUP\t{number}\t{day} 09:00:00\t2.55\t102\tFrance\n"
    path.write_text(f"{head}FROM stdin;\n{line}\\.\n{rest.partition(chr(92) + '.' + chr(10))[2]}")
    return path


def several(database: Database, layer: Layer, tmp_path: Path, **options: Any) -> dict[int, dict[str, str]]:
    """What was there after each of five refreshes, by receipt: files that replace all, and files that are added."""
    files = [
        (SMALL, False),
        (added(tmp_path, 1, "2011-03-10"), True),
        (changed(tmp_path), False),
        (added(tmp_path, 2, "2011-04-04"), True),
        (added(tmp_path, 3, "2011-01-17"), True),
    ]
    noted = {}
    for path, is_added in files:
        done = run(database, layer, path, append=is_added, allow_loss=True, **options)
        assert done.receipt.receipt_id
        noted[done.receipt.receipt_id] = data(database, layer)
    return noted


def test_any_of_the_last_refreshes_can_be_rolled_back_to_and_undone(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    noted = several(database, layer, tmp_path, keep=20)
    newest = noted[max(noted)]
    for receipt, wanted in list(noted.items())[:-1]:
        source = back(database, layer, to=receipt, keep=20).receipt.source
        assert data(database, layer) == wanted, receipt
        assert ", ".join(str(number) for number in noted if number > receipt) in source
        back(database, layer, keep=20)
        assert data(database, layer) == newest
    for receipt in (3, 1, 4, 2, 5):  # from one to the other, too
        back(database, layer, to=list(noted)[receipt - 1], keep=20)
        assert data(database, layer) == list(noted.values())[receipt - 1], receipt
    assert differences(database.owner_url) == []


def test_a_file_that_was_undone_and_one_that_was_added_since_are_told_apart(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    run(database, layer, SMALL)
    first = run(database, layer, added(tmp_path, 1, "2011-03-10"), append=True).receipt.receipt_id
    wanted = data(database, layer)
    back(database, layer)
    run(database, layer, added(tmp_path, 2, "2011-04-04"), append=True)
    back(database, layer, to=first)
    assert data(database, layer) == wanted


def test_older_refreshes_are_let_go_and_named(database: Database, layer: Layer, tmp_path: Path) -> None:
    receipts = list(several(database, layer, tmp_path, keep=2))
    kept = "select nspname || '.' || relname from pg_class join pg_namespace n on n.oid = relnamespace "
    kept += "where relispartition or nspname ~ '^landing_before_[0-9]'"
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute(kept)
        assert len(cursor.fetchall()) == 4  # lines and days of two changes; no landing, since both were added
    with pytest.raises(
        UsageError, match=rf"after receipt {receipts[1]} is not kept .* LGS_KEEP_REFRESHES|{receipts[2]}"
    ):
        back(database, layer, to=receipts[1])
    with pytest.raises(UsageError, match="There is no receipt 99"):
        back(database, layer, to=99)
    with pytest.raises(UsageError, match="so there is nothing to roll back"):
        back(database, layer, to=receipts[-1])
    assert back(database, layer, to=receipts[2]).changed
