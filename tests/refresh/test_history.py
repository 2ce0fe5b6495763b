"""What the receipts tell: each refresh, and the changes of one number."""

from datetime import date
from pathlib import Path

import pytest

from bootstrap.errors import UsageError
from bootstrap.refresh import rollback
from bootstrap.refresh.history import history_lines, metric_lines, receipts
from bootstrap.semantic.spec import Layer
from tests.conftest import Database
from tests.refresh.shop import SMALL, quiet, run

JANUARY = date(2011, 1, 1)


@pytest.fixture
def told(database: Database, layer: Layer, tmp_path: Path) -> Database:
    """The small shop; a lantern more in January; and back."""
    run(database, layer, SMALL)
    changed = tmp_path / "changed.sql"
    changed.write_text(SMALL.read_text().replace("500003\t1003\tLANTERN\t1\t", "500003\t1003\tLANTERN\t2\t"))
    run(database, layer, changed)
    rollback(database.owner_url, layer, progress=quiet())
    return database


def test_each_refresh_says_what_it_loaded_and_changed(told: Database) -> None:
    lines = [*history_lines(receipts(told.owner_url))]
    heads = [line for line in lines if not line.startswith(" ")]
    assert [head.split("  ")[0] for head in heads] == ["3", "2", "1"]
    assert "changed.sql: 18 lines read, 1 day changed" in heads[1]
    assert "small.sql: 18 lines read, 15 days changed" in heads[2]
    assert lines.count("    ! numbers moved in closed months: January 2011, February 2011") == 2


def test_a_headline_figure_is_followed_from_refresh_to_refresh(told: Database) -> None:
    # 102.50 of January, 287.09 of February and March; the lantern is 30 pounds.
    changes = [line.strip() for line in metric_lines(receipts(told.owner_url), "sales", None) if line[0] == " "]
    first = changes[-1].removeprefix("sales: ")
    more = f"£{float(first[1:]) + 30:.2f}"
    assert changes == [f"sales: {more} -> {first}", f"sales: {first} -> {more}", f"sales: {first}"]


def test_a_number_of_a_closed_month_is_followed_too(told: Database) -> None:
    changes = [line.strip() for line in metric_lines(receipts(told.owner_url), "sales", JANUARY) if line[0] == " "]
    assert changes == ["sales: £132.50 -> £102.50", "sales: £102.50 -> £132.50"]


def test_a_number_that_no_receipt_has_is_refused_with_the_nearest(told: Database) -> None:
    with pytest.raises(UsageError, match=r"'sale' is a headline figure.*sales"):
        [*metric_lines(receipts(told.owner_url), "sale", None)]
    with pytest.raises(UsageError, match="'sales' of June 2011 changed"):
        [*metric_lines(receipts(told.owner_url), "sales", date(2011, 6, 1))]


def test_before_the_first_refresh_there_is_no_history(database: Database) -> None:
    with pytest.raises(UsageError, match="Nothing is loaded yet"):
        receipts(database.owner_url)
