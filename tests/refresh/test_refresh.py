"""What a refresh promises, tried on a real server."""

import gzip
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bootstrap.connection import LOCK_KEY, connected
from bootstrap.errors import CheckFailed, Locked, SourceError, Unreachable, UsageError
from bootstrap.progress import Progress
from bootstrap.refresh import refresh, rollback
from bootstrap.semantic.spec import Check, Layer
from tests.conftest import REPOSITORY, Database, execute
from tests.refresh.shop import KILLED, SMALL, Watching, held, later, quiet, run
from tests.warehouse.shop import ask
from warehouse.migrate import current, downgrade


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


def test_the_receipt_names_the_relations_whose_rows_changed(database: Database, layer: Layer, tmp_path: Path) -> None:
    assert run(database, layer, SMALL).receipt.relations is None
    before = held(database.connect(), layer, "none")
    named = run(database, layer, later(tmp_path)).receipt.relations
    assert named is not None
    after = held(database.connect(), layer, "none")
    assert {name for name in after if after[name] != before[name]} <= set(named)
    assert {"mart.sales_month", "mart.refresh_history", "mart.quarantine"} <= set(named)
    assert "mart.cancellation_month" not in named  # nobody cancelled anything


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


def catalog(database: Database) -> list[tuple[Any, ...]]:
    """Every table, column, index and constraint, as the database has it."""
    return ask(
        database,
        "select nspname, relname, relkind::text, relfilenode::bigint, attname, atttypid::bigint, "
        "col_description(attrelid, attnum) "
        "from pg_class join pg_namespace n on n.oid = relnamespace left join pg_attribute on attrelid = pg_class.oid "
        "where nspname ~ '^(landing|warehouse|rollup|mart)' order by 1, 2, attnum",
    )


def everything(database: Database) -> dict[str, tuple[Any, ...]]:
    """What each table holds, the record of failures and of publishes too."""
    tables = ask(database, "select relid::regclass::text from pg_stat_user_tables order by 1")
    return {
        name: ask(database, f"select count(*), sum(hash_record_extended(t, 0)) from {name} t")[0] for (name,) in tables
    }


def test_a_plan_tells_what_would_be_and_touches_nothing(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    changed = tmp_path / "changed.sql"
    text = later(tmp_path).read_text().replace("500003\t1003\tLANTERN\t1\t", "500003\t1003\tLANTERN\t2\t")
    changed.write_text("\n".join(line for line in text.split("\n") if not line.startswith("500008")))
    before = everything(database), catalog(database)
    planned = run(database, layer, changed, plan_only=True)
    assert (everything(database), catalog(database)) == before
    said = planned.lines()
    start = said.index("To change 3 days in 3 months")
    assert said[start + 1 : start + 4] == [
        "  January 2011: 1 changed",
        "  February 2011: 1 gone",
        "  March 2011: 1 new",
    ]
    assert said[start + 4].startswith("Then      sales: £")
    assert "! January 2011 sales: £102.50 -> £132.50 (+£30.00)" in said
    assert not any("None" in line or "0E-" in line or "its lines changed" in line for line in said)
    assert planned.receipt.receipt_id is None
    done = run(database, layer, changed)
    assert (done.moved, done.receipt.moves) == (planned.moved, planned.moved.total())


def test_who_changes_group_is_told_with_where_from_and_where_to(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    run(database, layer, SMALL)
    new = tmp_path / "new.sql"
    new.write_text(later(tmp_path).read_text().replace("2.55\t102\tFrance\n\\.", "2.55\t999\tFrance\n\\."))
    planned = run(database, layer, new, plan_only=True)
    said = "\n".join(planned.lines())
    assert f"Segments  {planned.moved.total()} customers would change segment\n" in said
    joined = next(to for (was, to), count in planned.moved.items() if was is None)
    assert f"  1 new in {joined}" in said


def test_a_plan_by_a_newer_version_leaves_the_tables_as_they_are(database: Database, layer: Layer) -> None:
    with connected(database.owner_url) as connection, connection:
        downgrade(connection, "0002")
    assert run(database, layer, SMALL, plan_only=True).receipt.lines_kept == 18
    with connected(database.owner_url) as connection:
        assert current(connection) == "0002"


def test_a_month_that_is_not_complete_any_more_shows_its_new_numbers(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    run(database, layer, SMALL)
    cut = tmp_path / "cut.sql"
    cut.write_text("\n".join(line for line in SMALL.read_text().split("\n") if not re.match("5000(0[6-9]|1)", line)))
    receipt = run(database, layer, cut, allow_loss=True).receipt
    changes = {(f"{c.month:%Y-%m}", c.metric): c.after for c in receipt.closed_month_changes}
    # What is left of January and February: 102.50, and minus 50 for the bad debt.
    assert changes["2011-02", "sales"] == -50


def test_a_closed_month_with_other_lines_and_the_same_totals_is_named(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    run(database, layer, SMALL)
    moved = tmp_path / "moved.sql"
    moved.write_text(SMALL.read_text().replace("30\t\\N\tUnited Kingdom", "30\t\\N\tFrance"))
    receipt = run(database, layer, moved).receipt
    assert [(c.month.month, c.metric) for c in receipt.closed_month_changes] == [(1, "content_hash")]
    assert "! January 2011: its lines changed" in receipt.lines()


@pytest.mark.parametrize("is_there", [True, False], ids=["from the file", "from landing, when the file is gone"])
def test_other_rules_load_every_month_anew(database: Database, layer: Layer, tmp_path: Path, *, is_there: bool) -> None:
    source = tmp_path / "odd.sql"
    source.write_text(later(tmp_path).read_text().replace("500003\t1003\tLANTERN\t1\t", "500003\t1003\tLANTERN\tone\t"))
    run(database, layer, source)
    before = _lines(database, layer)
    _as_of_another_version(database)
    if not is_there:
        source.unlink()
    receipt = run(database, layer, source if is_there else None).receipt
    assert (len(receipt.months_changed), receipt.lines_kept) == (3, 18)
    assert receipt.rejected == {"quantity is no whole number": 1}
    assert _lines(database, layer) == before


def test_the_generation_before_other_rules_is_not_rolled_back_to(database: Database, layer: Layer) -> None:
    run(database, layer, SMALL)
    _as_of_another_version(database)
    run(database, layer, None)
    with pytest.raises(UsageError, match="rules of another version"):
        rollback(database.owner_url, layer, progress=quiet())


def _lines(database: Database, layer: Layer) -> dict[str, str]:
    """What is there, but for what tells of refreshes."""
    found = held(database.connect(), layer, "landing")
    return {name: content for name, content in found.items() if name not in ("mart.freshness", "mart.refresh_history")}


def _as_of_another_version(database: Database) -> None:
    execute(
        database.admin_url,
        "update warehouse.day set rules = 'of before'",
        "update warehouse.receipt set fingerprint = 'of before'",
        "update warehouse.country set name = 'Gaul' where country = 'France'",
    )


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
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1 \(Connection refused\).*LGS_WAREHOUSE_URL"):
        refresh("postgresql://x@127.0.0.1:1/x", layer, source=SMALL, max_rejects=0, progress=Progress())


class Cutting(Progress):
    """Ends the connection of the refresh, as a restart of the server does, when its first step ends."""

    def __init__(self, database: Database) -> None:
        super().__init__(quiet().console)
        self.database = database

    def _end(self, *_: object) -> None:
        execute(
            self.database.admin_url,
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name = 'lgs'",
        )


def test_a_server_that_goes_away_meanwhile_is_named_too(database: Database, layer: Layer) -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:\d+ .*LGS_WAREHOUSE_URL"):
        refresh(database.owner_url, layer, source=SMALL, max_rejects=0, progress=Cutting(database))


def test_who_holds_a_table_for_too_long_is_waited_for_later(database: Database, layer: Layer) -> None:
    impatient = f"{database.owner_url}?options=-clock_timeout%3D100ms"
    with database.connect("admin") as other, other.cursor() as cursor:
        cursor.execute("lock table warehouse.receipt in access exclusive mode")
        with pytest.raises(Locked, match="a long query or a backup"):
            refresh(impatient, layer, source=SMALL, max_rejects=0, progress=quiet())


def test_readers_go_on_reading_the_old_numbers_until_the_commit(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    run(database, layer, SMALL)
    watched = Watching(database)
    refresh(database.owner_url, layer, source=later(tmp_path), max_rejects=0, progress=watched)
    assert (set(watched.seen), watched.orders()) == ({16}, 17)


def steps(database: Database, layer: Layer) -> list[str]:
    progress = quiet()
    refresh(database.owner_url, layer, source=SMALL, max_rejects=0, progress=progress)
    return [step.name for step in progress.steps]


def test_a_killed_refresh_leaves_all_as_it_was_and_needs_no_cleaning(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    names = steps(database, layer)
    before = held(database.connect(), layer)
    source = later(tmp_path)
    for name in names:
        done = subprocess.run([*KILLED, database.owner_url, name, source], cwd=REPOSITORY, capture_output=True)
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
        assert held(database.connect(), layer) == before, name
    assert run(database, layer, source).receipt.lines_kept == 19
