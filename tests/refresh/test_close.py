"""An administrator declares a month complete, and takes it back; the mart follows, and the receipt says so."""

from contextlib import closing
from datetime import date

import pytest

from bootstrap.errors import UsageError
from bootstrap.refresh import close
from bootstrap.semantic.spec import Layer
from tests.conftest import Database
from tests.refresh.shop import SMALL, quiet, run


def complete(database: Database) -> list[tuple[str, bool]]:
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("select month::text, is_complete_month from mart.monthly_metrics order by month")
        return cursor.fetchall()


def test_a_month_is_closed_and_reopened(database: Database, layer: Layer) -> None:
    run(database, layer, SMALL)
    before = complete(database)
    (newest, is_complete) = before[-1]
    assert not is_complete
    month = date.fromisoformat(newest)
    planned = close(database.owner_url, layer, month=month, progress=quiet(), plan_only=True)
    assert planned.changed
    assert complete(database) == before
    done = close(database.owner_url, layer, month=month, progress=quiet())
    assert done.changed
    assert done.receipt.months_changed == []
    assert complete(database) == [*before[:-1], (newest, True)]
    again = close(database.owner_url, layer, month=month, progress=quiet())
    assert (again.changed, again.proof) == (False, f"{month:%B %Y} was closed before")
    assert close(database.owner_url, layer, month=month, reopen=True, progress=quiet()).changed
    assert complete(database) == before


def test_a_closed_month_stays_closed_when_its_lines_are_loaded_again(database: Database, layer: Layer) -> None:
    run(database, layer, SMALL)
    month = date.fromisoformat(complete(database)[-1][0])
    close(database.owner_url, layer, month=month, progress=quiet())
    run(database, layer, SMALL)
    assert complete(database)[-1] == (str(month), True)


def test_a_month_without_lines_cannot_be_closed(database: Database, layer: Layer) -> None:
    run(database, layer, SMALL)
    with pytest.raises(UsageError, match=r"July 1999 has no lines, so it cannot be closed. The data has \d{4}-\d\d to"):
        close(database.owner_url, layer, month=date(1999, 7, 1), progress=quiet())


def test_nothing_is_closed_before_anything_is_loaded(database: Database, layer: Layer) -> None:
    with pytest.raises(UsageError, match="Nothing is loaded yet"):
        close(database.owner_url, layer, month=date(2011, 1, 1), progress=quiet())
