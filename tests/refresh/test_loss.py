"""What a file may take away from what is loaded, and what a refresh says of a file."""

from pathlib import Path

import pytest

from bootstrap.errors import SourceError
from bootstrap.semantic.spec import Layer
from tests.conftest import Database
from tests.refresh.shop import SMALL, later, run
from tests.warehouse.shop import ask
from warehouse.demo import write_demo
from warehouse.sources import Map

CASES = SMALL.parent / "cases"
LATER_DAY = CASES / "one-later-day.csv"


def without(tmp_path: Path, *months: str, name: str = "less.csv", keep: int = 0) -> Path:
    """The file of January to June 2011 without the lines of these months, but for ``keep`` of each."""
    head, *lines = (CASES / "full.csv").read_text().splitlines()
    kept: list[str] = []
    for line in lines:
        month = next((month for month in months if f",{month}-" in line), None)
        if month is None or sum(f",{month}-" in known for known in kept) < keep:
            kept.append(line)
    path = tmp_path / name
    path.write_text("\n".join([head, *kept]) + "\n")
    return path


def refused(database: Database, layer: Layer, path: Path, **options: bool) -> str:
    with pytest.raises(SourceError) as error:
        run(database, layer, path, **options)
    assert error.value.exit_code == 2
    return str(error.value)


@pytest.mark.parametrize("plan_only", [False, True], ids=["refresh", "plan"])
def test_a_file_of_one_day_takes_no_months_away(database: Database, layer: Layer, *, plan_only: bool) -> None:
    run(database, layer, CASES / "full.csv")
    message = refused(database, layer, LATER_DAY, plan_only=plan_only)
    assert "has July 2011; January to June 2011, which are loaded, would go (48 of 48 lines, £177.60" in message
    assert message.endswith("say --allow-loss.")
    assert ask(database, "select count(*) from warehouse.line") == [(48,)]


def test_what_goes_with_leave_is_told_once_a_month(database: Database, layer: Layer) -> None:
    run(database, layer, CASES / "full.csv")
    lines = run(database, layer, LATER_DAY, allow_loss=True).receipt.lines()
    assert [line for line in lines if line.startswith("!")] == [
        f"! {month} 2011: none of its lines is there any more"
        for month in ("January", "February", "March", "April", "May")
    ]


def test_a_month_in_between_is_missed(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, CASES / "full.csv")
    message = refused(database, layer, without(tmp_path, "2011-02", "2011-04"))
    assert "February 2011, April 2011, which are loaded, would go (16 of 48 lines" in message


def test_a_file_that_ends_earlier_is_told_by_its_days(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, later(tmp_path))
    assert "ends on 9 March 2011; the data that is loaded ends on 10 March 2011" in refused(database, layer, SMALL)


def test_more_lines_than_a_share_stay(database: Database, layer: Layer, tmp_path: Path) -> None:
    run(database, layer, CASES / "full.csv")
    less = without(tmp_path, "2011-02", "2011-03", keep=2)
    assert "would take away more than 10.0% of the lines that are loaded (12 of 48 lines)" in refused(
        database, layer, less
    )
    assert run(database, layer, less, max_loss=0.3).changed


def test_demo_data_may_always_be_replaced(database: Database, layer: Layer, tmp_path: Path) -> None:
    write_demo(tmp_path / "shop.sql.gz", lines=2000)
    run(database, layer, tmp_path / "shop.sql.gz")
    assert run(database, layer, SMALL).receipt.lines_kept == 18


def test_a_file_is_read_again_as_it_was(database: Database, layer: Layer, tmp_path: Path) -> None:
    """What was said of it is kept with the receipt, and other words for the same file are a change."""
    path = tmp_path / "december.csv"
    path.write_bytes((CASES / "uk-december.csv").read_bytes())
    run(database, layer, path, how=Map(dates="day-first"))
    assert not run(database, layer, path).changed
    assert not run(database, layer, None).changed
    months = run(database, layer, path, how=Map(dates="month-first"), allow_loss=True).receipt.months_changed
    assert len(months) == 6


def test_lines_that_are_rejected_are_told_also_where_nothing_changed(
    database: Database, layer: Layer, tmp_path: Path
) -> None:
    run(database, layer, CASES / "full.csv")
    path = tmp_path / "more.csv"
    path.write_text((CASES / "full.csv").read_text() + "570001,22633,X,one,2011-06-30 10:00:00,1.85,13047,France\n")
    lines = run(database, layer, path).lines()
    assert "Lines     49 read, 48 kept, rejected: 1 quantity is no whole number" in lines
    assert lines[-1].startswith("Data: nothing to do")


def test_the_receipt_says_what_was_read_and_what_was_not(database: Database, layer: Layer, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    text = (CASES / "title-line-above.csv").read_text().replace("Country\n", "Country,Status\n")
    path.write_text(text.replace("Kingdom\n", "Kingdom,paid\n"))
    lines = "\n".join(run(database, layer, path).receipt.lines())
    assert "Read      a.csv: 2; encoding UTF-8; delimiter comma; column names in line 2; dates year-first" in lines
    assert "Passed    lines down to the column names: 2" in lines
    assert "Left out  column Status of a.csv (no column of transactions)" in lines
    assert "! column Status of a.csv is not read" in lines
    shown = "select parts_read, passed_over, left_out, warnings <> 'none' from mart.refresh_history"
    assert ask(database, shown, role="reader") == [
        ("a.csv: 2", "lines down to the column names: 2", "column Status of a.csv (no column of transactions)", True)
    ]
