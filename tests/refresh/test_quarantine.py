"""A day that breaks a contract is set aside, and the rest of its file is loaded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootstrap.errors import CheckFailed
from bootstrap.project import current, using
from bootstrap.refresh import Refreshed, rollback
from bootstrap.semantic.spec import Check, Layer
from tests.conftest import Database
from tests.refresh.shop import SMALL, held, quiet, run
from tests.warehouse.shop import ask
from warehouse.lines import load_contracts

OPEN = "select day::text, lines, amount::float, contract from warehouse.quarantine where released_at is null"
DAYS = "select day::text, lines from warehouse.day where month = '2011-03-01' order by day"
BAD = ("500014\t1006\tGIFT BAG\t50\t2011-03-03 10:00:00\t0.42", "500014\t1006\tGIFT BAG\t50\t2011-03-03 10:00:00\t4200")
HEAD, TAIL = SMALL.read_text().partition("500001\t")[0], SMALL.read_text().partition("\\.\n")[2]


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    """The shop with a contract of its own: nothing costs a thousand pounds."""
    with using(current().model_copy(update={"package": "tests.refresh.strict"})):
        yield


def dump(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text(HEAD + "".join(f"{line}\t107\tUnited Kingdom\n" for line in lines) + f"\\.\n{TAIL}")
    return path


def altered(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    """The small shop with other words."""
    text = SMALL.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / name).write_text(text)
    return folder / name


def refreshed(database: Database, layer: Layer, path: Path, **options: Any) -> Refreshed:
    return run(database, layer, path, **{"quarantine": True} | options)


def test_a_day_that_breaks_a_contract_is_set_aside_and_the_rest_is_loaded(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    done = refreshed(database, layer, altered(tmp_path, "bad.sql", BAD))
    # The bags of that day at 4,200, and the cancellation of them at 0.42.
    assert ask(database, OPEN) == [("2011-03-03", 2, 209979.0, "prices_are_possible")]
    assert ask(database, DAYS) == [("2011-03-01", 1), ("2011-03-02", 1), ("2011-03-09", 1)]
    assert (done.receipt.lines_read, done.receipt.lines_kept, done.receipt.rejected) == (18, 16, {})
    said = "! 3 March 2011 of bad.sql is set aside (2 lines, £209,979.00), because prices_are_possible does not hold."
    assert any(line.startswith(said) for line in done.receipt.lines())
    assert ask(database, "select day::text, is_set_aside, amount::float from mart.quarantine", "reader") == [
        ("2011-03-03", True, 209979.0)
    ]
    assert ask(database, "select count(*), sum(amount)::float from warehouse.quarantined_line") == [(2, 209979.0)]
    history = "select lines_rejected, days_set_aside from mart.refresh_history"
    assert ask(database, history) == [(0, 1)]


def test_without_leave_the_day_stops_the_refresh(database: Database, layer: Layer, tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="prices_are_possible does not hold"):
        run(database, layer, altered(tmp_path, "bad.sql", BAD))
    assert ask(database, "select count(*) from warehouse.line") == [(0,)]


def test_a_day_that_was_loaded_before_keeps_what_it_held(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    more = ("TEA CUP\t12\t2011-03-01", "TEA CUP\t13\t2011-03-01")
    done = refreshed(database, layer, altered(tmp_path, "bad.sql", BAD, more))
    assert [day.isoformat() for day in done.receipt.days_changed] == ["2011-03-01"]
    assert ask(database, "select unit_price::float from warehouse.line where invoice_no = '500014'") == [(0.42,)]
    assert ask(database, "select quantity from warehouse.line where invoice_no = '500012'") == [(13,)]


def test_the_same_file_again_has_nothing_to_do_and_the_right_one_releases_the_day(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    bad = altered(tmp_path, "bad.sql", BAD)
    refreshed(database, layer, bad)
    assert not refreshed(database, layer, bad).changed
    assert len(ask(database, OPEN)) == 1
    refreshed(database, layer, SMALL)
    assert ask(database, OPEN) == []
    assert ask(database, "select is_set_aside, lines from mart.quarantine") == [(False, 2)]
    released = held(database.connect(), layer, "warehouse")
    assert released["warehouse.day"].startswith("(15,")


def test_of_an_added_file_only_its_own_lines_are_set_aside(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    bad = dump(tmp_path, "bad.sql", "500020\t1001\tTEA CUP\t1\t2011-03-09 13:00:00\t5000", BAD[0])
    done = refreshed(database, layer, bad, append=True)
    assert ask(database, OPEN) == [("2011-03-09", 1, 5000.0, "prices_are_possible")]
    assert (done.receipt.lines_read, done.receipt.lines_kept) == (2, 1)
    other = dump(tmp_path, "other.sql", "500021\t1001\tTEA CUP\t1\t2011-03-09 14:00:00\t5")
    refreshed(database, layer, other, append=True)
    assert len(ask(database, OPEN)) == 1  # it does not have the invoice that was set aside
    right = dump(tmp_path, "right.sql", "500020\t1001\tTEA CUP\t1\t2011-03-09 13:00:00\t5")
    refreshed(database, layer, right, append=True)
    assert ask(database, OPEN) == []
    assert ask(database, "select lines from warehouse.day where day = '2011-03-09'") == [(3,)]


def test_a_file_that_is_only_broken_days_changes_nothing(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, SMALL)
    before = held(database.connect(), layer, "landing", "warehouse_before")
    bad = dump(tmp_path, "bad.sql", "500020\t1001\tTEA CUP\t1\t2011-03-10 13:00:00\t5000")
    done = refreshed(database, layer, bad, append=True)
    assert not done.changed
    assert any("10 March 2011 of bad.sql is set aside" in line for line in done.lines())
    after = held(database.connect(), layer, "landing", "warehouse_before")
    assert {name: after[name] for name in after if name.startswith("landing")} == {
        name: before[name] for name in before if name.startswith("landing")
    }


def test_a_rollback_undoes_what_the_refresh_set_aside_and_released(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    refreshed(database, layer, altered(tmp_path, "bad.sql", BAD))
    refreshed(database, layer, SMALL)
    rollback(database.owner_url, layer, progress=quiet())
    assert [day for day, *_ in ask(database, OPEN)] == ["2011-03-03"]
    rollback(database.owner_url, layer, progress=quiet())
    assert ask(database, OPEN) == []


def test_a_rollback_of_several_undoes_what_they_set_aside_and_released_together(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    first = run(database, layer, SMALL).receipt.receipt_id
    bad = dump(tmp_path, "bad.sql", "500020\t1001\tTEA CUP\t1\t2011-03-09 13:00:00\t5000", BAD[0])
    second = refreshed(database, layer, bad, append=True).receipt.receipt_id
    right = dump(tmp_path, "right.sql", "500020\t1001\tTEA CUP\t1\t2011-03-09 13:00:00\t5")
    refreshed(database, layer, right, append=True)

    def back(to: int | None) -> list[str]:
        rollback(database.owner_url, layer, to=to, progress=quiet())
        return [day for day, *_ in ask(database, OPEN)]

    assert back(second) == ["2011-03-09"]
    assert back(None) == []
    assert back(first) == []
    assert back(None) == []
    assert back(second) == ["2011-03-09"]
    kept = "select count(*) from warehouse.quarantined_line natural join warehouse.quarantine where released_at is null"
    assert ask(database, kept) == [(1,)]


def test_a_check_of_a_relation_can_name_the_day_too(database: Database, layer: Layer, tmp_path: Path) -> None:
    sql = "select invoice_at::date as day from mart.sales_line where units > 1000"
    check = Check(name="few pieces", description="Nobody buys more than a thousand.", sql=sql)
    twins = [
        twin.model_copy(update={"checks": (*twin.checks, check)}) if twin.name == "sales_line" else twin
        for twin in layer.twins
    ]
    strict = layer.model_copy(update={"twins": tuple(twins)})
    many = ("NAPKINS\t100\t2011-02-03", "NAPKINS\t10000\t2011-02-03")
    refreshed(database, strict, altered(tmp_path, "many.sql", BAD, many))
    assert [(day, contract) for day, _, _, contract in ask(database, OPEN + " order by day")] == [
        ("2011-02-03", "mart.sales_line: few pieces"),
        ("2011-03-03", "prices_are_possible"),
    ]


def test_a_contract_that_names_no_day_stops_the_refresh_all_the_same(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    check = Check(
        name="small", description="No month is large.", sql="select month from mart.sales_month where units > 1"
    )
    twins = [
        twin.model_copy(update={"checks": (check,)}) if twin.name == "sales_month" else twin for twin in layer.twins
    ]
    with pytest.raises(CheckFailed, match="small does not hold"):
        refreshed(database, layer.model_copy(update={"twins": tuple(twins)}), SMALL)
    assert ask(database, "select count(*) from warehouse.quarantine") == [(0,)]


def test_a_plan_names_the_day_and_touches_nothing(database: Database, layer: Layer, tmp_path: Path) -> None:
    done = refreshed(database, layer, altered(tmp_path, "bad.sql", BAD), plan_only=True)
    assert [one.day.isoformat() for one in done.receipt.set_aside] == ["2011-03-03"]
    assert ask(database, "select count(*) from warehouse.quarantine") == [(0,)]


def test_which_contracts_of_the_lines_can_name_a_day() -> None:
    named = {contract.name for contract in load_contracts() if " day," in contract.sql}
    assert named == {"days_are_noted", "lines_hold_together"}
