"""A file that is added replaces its own invoices and nothing else; the mart is what one file of everything makes."""

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import pytest

from bootstrap.errors import SourceError
from bootstrap.refresh import rollback
from bootstrap.semantic.spec import Layer
from tests.conftest import Database, execute
from tests.refresh.shop import SMALL, held, quiet, run
from tests.warehouse.shop import ask

HISTORY = ("warehouse.receipt", "mart.refresh_history", "mart.freshness")
HEAD, _, REST = SMALL.read_text().partition("FROM stdin;\n")
LINES, TAIL = REST.partition("\\.\n")[0].splitlines(), "\\.\n" + REST.partition("\\.\n")[2]
NEW_DAY = ["500017\t1001\tTEA CUP\t1\t2011-03-10 09:00:00\t2.55\t102\tFrance"]
Save = Callable[[str, Iterable[str]], Path]

CHANGES = {
    "one new day": NEW_DAY,
    "a late line of an old day": ["500018\t1001\tTEA CUP\t7\t2011-01-10 11:00:00\t2.5\t105\tUnited Kingdom"],
    "a late cancellation of an old month": ["C500019\t1003\tLANTERN\t-3\t2011-02-09 10:00:00\t29.95\t101\tFrance"],
    "a corrected invoice": ["500001\t1001\tTEA CUP \t11\t2011-01-04 09:00:00\t2.5\t101\tUnited Kingdom"],
    "an invoice that moves to another day": ["500003\t1003\tLANTERN\t1\t2011-02-18 11:00:00\t30\t\\N\tUnited Kingdom"],
    "a new month": ["500020\t1007\tTEAPOT\t1\t2011-04-01 09:00:00\t9.95\t108\tJapan"],
    "a whole new year": [
        f"51000{n}\t1001\tTEA CUP\t{n}\t2012-0{n}-03 09:00:00\t2.55\t10{n}\tFrance" for n in range(1, 9)
    ],
    "a customer who gets their number later": [
        "500003\t1003\tLANTERN\t1\t2011-01-17 11:00:00\t30\t101\tUnited Kingdom"
    ],
    "a product renamed": [f"50002{n}\t1001\tCUP OF TEA\t1\t2011-03-10 09:00:00\t2.55\t102\tFrance" for n in range(5)],
    "lines in small letters": ["c500005\t1001\tTEA CUP\t-3\t2011-01-11 09:15:00\t2.5\t102\tFrance"],
    "a line twice": [*NEW_DAY, *NEW_DAY],
}


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def run(name: str, lines: Iterable[str]) -> Path:
        path = tmp_path / f"{name}.sql"
        path.write_text(HEAD + "FROM stdin;\n" + "".join(f"{line}\n" for line in lines) + TAIL)
        return path

    return run


def with_added(lines: list[str], added: list[str]) -> list[str]:
    """What one file of everything has: an invoice that is added replaces the one before it."""
    replaced = {line.split("\t")[0].upper() for line in added}
    return [*(line for line in lines if line.split("\t")[0] not in replaced), *added]


def mart(database: Database, layer: Layer) -> dict[str, str]:
    """The content of the mart, and what each day holds."""
    found = held(database.connect(), layer, "nothing")
    days = ask(database, "select day, lines, amount, content_hash, last_line_at from warehouse.day order by day")
    return {name: content for name, content in found.items() if name not in HISTORY} | {"days": str(days)}


def everything(database: Database, layer: Layer) -> dict[str, str]:
    """All but the history of refreshes."""
    found = held(database.connect(), layer, "landing", "warehouse")
    return {name: content for name, content in found.items() if name not in HISTORY}


def back(database: Database, layer: Layer) -> None:
    rollback(database.owner_url, layer, progress=quiet())


@pytest.mark.parametrize("added", CHANGES.values(), ids=CHANGES.keys())
def test_what_is_added_makes_what_one_file_of_everything_makes(
    database: Database, layer: Layer, save: Save, added: list[str]
) -> None:
    run(database, layer, SMALL)
    before = everything(database, layer)
    done = run(database, layer, save("added", added), append=True)
    assert (done.changed, done.receipt.is_append, done.receipt.lines_kept) == (True, True, len(added))
    incremental = mart(database, layer)

    back(database, layer)
    assert everything(database, layer) == before
    back(database, layer)
    assert mart(database, layer) == incremental

    run(database, layer, save("all", with_added(LINES, added)), allow_loss=True)
    assert mart(database, layer) == incremental


def test_only_the_days_that_it_touches_are_written(database: Database, layer: Layer, save: Save) -> None:
    run(database, layer, SMALL)
    written = "select invoice_no, xmin::text from warehouse.line where invoice_at::date <> '2011-01-10' order by 1, 2"
    before = ask(database, written)
    receipt = run(database, layer, save("added", CHANGES["a late line of an old day"]), append=True).receipt
    assert [f"{day}" for day in receipt.days_changed] == ["2011-01-10"]
    assert ask(database, written) == before


def test_the_same_file_twice_changes_nothing_the_second_time(database: Database, layer: Layer, save: Save) -> None:
    run(database, layer, SMALL)
    path = save("added", NEW_DAY)
    run(database, layer, path, append=True)
    before = everything(database, layer)
    assert "sha256" in run(database, layer, path, append=True).proof
    shuffled = save("with-another-line", [LINES[1], LINES[0], *NEW_DAY])
    assert "content hash" in run(database, layer, shuffled, append=True).proof
    assert everything(database, layer) == before


def test_of_a_file_a_corrected_one_and_the_first_again_the_last_counts(
    database: Database, layer: Layer, save: Save
) -> None:
    run(database, layer, SMALL)
    first, corrected = save("first", NEW_DAY), save("corrected", [NEW_DAY[0].replace("\t1\t", "\t9\t")])
    run(database, layer, first, append=True)
    wanted = mart(database, layer)
    run(database, layer, corrected, append=True)
    assert mart(database, layer) != wanted
    assert run(database, layer, first, append=True).changed
    assert mart(database, layer) == wanted


def test_a_file_is_added_to_nothing_by_loading_it(database: Database, layer: Layer) -> None:
    receipt = run(database, layer, SMALL, append=True).receipt
    assert (receipt.is_append, receipt.lines_kept) == (False, 18)


def test_a_refresh_without_a_file_keeps_what_was_added(database: Database, layer: Layer, save: Save) -> None:
    run(database, layer, SMALL)
    run(database, layer, save("added", NEW_DAY), append=True)
    before = mart(database, layer)
    assert not run(database, layer, None).changed
    assert mart(database, layer) == before


def test_other_rules_load_what_was_added_again_too(database: Database, layer: Layer, save: Save) -> None:
    run(database, layer, SMALL)
    german = save("german", []).with_suffix(".csv")
    german.write_text(
        "invoice_no;stock_code;description;quantity;invoice_date;unit_price;customer_id;country\n"
        "500017;1001;TEA CUP;1;10.03.2011 09:00;2,55;102;France\n"
        "500003;1003;LANTERN;x;17.01.2011 11:00;30,00;;United Kingdom\n"
        "500003;1003;LANTERN;2;17.01.2011 11:00;30,00;;United Kingdom\n"
    )
    run(database, layer, german, append=True, max_rejects=0.5)
    run(database, layer, save("again", [NEW_DAY[0].replace("\t1\t", "\t9\t")]), append=True)
    before = mart(database, layer)
    execute(
        database.admin_url,
        "update warehouse.day set rules = 'of before'",
        "update warehouse.receipt set fingerprint = 'of before'",
        "update warehouse.line set description = description || ' of before'",
    )
    receipt = run(database, layer, None).receipt
    assert (receipt.is_append, len(receipt.days_changed)) == (True, 16)
    assert mart(database, layer) == before
    assert ask(database, "select count(*) from warehouse.line where description like '%of before'") == [(0,)]


def test_what_it_is_added_to_is_read_by_the_rules_of_now_first(database: Database, layer: Layer, save: Save) -> None:
    run(database, layer, SMALL)
    execute(
        database.admin_url,
        "update warehouse.day set rules = 'of before'",
        "update warehouse.receipt set fingerprint = 'of before'",
        "update warehouse.line set description = description || ' of before'",
    )
    receipt = run(database, layer, save("added", NEW_DAY), append=True).receipt
    assert receipt.days_changed == [date(2011, 3, 10)]
    added = mart(database, layer)
    run(database, layer, save("all", with_added(LINES, NEW_DAY)))
    assert mart(database, layer) == added
    back(database, layer)
    of_before = "count(*) filter (where description like '%of before')"
    assert ask(database, f"select count(*), {of_before} from warehouse.line") == [(18, 0)]


def test_a_snapshot_after_it_takes_all_that_was_added_away_and_brings_it_back(
    database: Database, layer: Layer, save: Save
) -> None:
    run(database, layer, SMALL)
    run(database, layer, save("added", NEW_DAY), append=True)
    before = everything(database, layer)
    run(database, layer, SMALL, allow_loss=True)
    back(database, layer)
    assert everything(database, layer) == before


def test_what_an_added_file_takes_away_is_limited(database: Database, layer: Layer, save: Save) -> None:
    run(database, layer, SMALL)
    with pytest.raises(SourceError, match=r"more than 1\.0% of the lines .* \(1 of 18 lines\)\. Its invoices replace"):
        run(database, layer, save("added", CHANGES["a corrected invoice"]), append=True, max_loss=0.01)


def test_a_plan_of_it_touches_nothing(database: Database, layer: Layer, save: Save) -> None:
    run(database, layer, SMALL)
    before = held(database.connect(), layer)
    planned = run(database, layer, save("added", NEW_DAY), append=True, plan_only=True)
    assert (planned.receipt.lines_kept, planned.receipt.days_changed) == (1, [date(2011, 3, 10)])
    assert held(database.connect(), layer) == before


def test_a_rollback_goes_back_one_file(database: Database, layer: Layer, save: Save) -> None:
    run(database, layer, SMALL)
    run(database, layer, save("one", NEW_DAY), append=True)
    before = everything(database, layer)
    run(database, layer, save("two", CHANGES["a new month"]), append=True)
    back(database, layer)
    assert everything(database, layer) == before
