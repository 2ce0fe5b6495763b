"""Each line is kept, classified and flagged; dimensions and months follow from the lines."""

from contextlib import closing
from decimal import Decimal

import pytest

from bootstrap.contracts import Contract, run_contracts
from bootstrap.errors import CheckFailed
from tests.warehouse.shop import ROWS, ask, copy_text, csv_text, hashes, quiet, run_load, write
from warehouse.lines import load_contracts
from warehouse.load import load
from warehouse.sources import open_source


@pytest.fixture(scope="module")
def shop(module_database, tmp_path_factory):
    run_load(module_database, write(tmp_path_factory.mktemp("shop") / "retail.sql", copy_text(ROWS)))
    return module_database


def test_each_type_of_line(shop):
    rows = ask(shop, "select invoice_no, stock_code, line_type, is_product from warehouse.line order by line_id")
    types = {(invoice, code): (kind, is_product) for invoice, code, kind, is_product in rows}
    assert len(rows) == len(ROWS)
    assert types[("489434", "85048")] == ("sale", True)
    assert types[("C489449", "22087")] == ("cancellation", True)
    assert types[("C496350", "M")] == ("cancellation", False)
    assert types[("A506401", "B")] == ("adjustment", False)
    assert types[("489464", "21733")] == ("write_off", True)
    assert types[("489521", "21646")] == ("free", True)
    assert types[("489526", "POST")] == ("fee", False)


@pytest.mark.parametrize(
    ("code", "is_product"),
    [("85123A", True), ("DCGS0058", True), ("PADS", True), ("SP1002", True), ("DCGSSGIRL", True)]
    + [(code, False) for code in ("POST", "DOT", "M", "m", "D", "S", "B", "C2", "BANK CHARGES", "AMAZONFEE", "CRUK")]
    + [(code, False) for code in ("gift_0001_20", "TEST001", "ADJUST", "ADJUST2")],
)
def test_stock_codes_that_are_no_products(shop, code, is_product, tmp_path):
    row = ("489434", code, "X", "1", "2009-12-01 07:45:00", "1", "13085", "France")
    with closing(shop.connect()) as connection, connection.cursor() as cursor:
        load(cursor, open_source(write(tmp_path / "a.csv", csv_text([row]))), max_rejects=0, progress=quiet())
        cursor.execute("select is_product, line_type from warehouse.line")
        assert cursor.fetchall() == [(is_product, "sale" if is_product else "fee")]
        connection.rollback()


def test_money_is_exact(shop):
    sql = "select unit_price::text, amount::text from warehouse.line where invoice_no = 'A506401'"
    assert ask(shop, sql) == [("-53594.36", "-53594.36")]
    total = sum(Decimal(row[3]) * Decimal(row[5]) for row in ROWS)
    assert total == Decimal("-52786.699")
    assert ask(shop, "select sum(amount) from warehouse.line") == [(total,)]


def test_customers_and_guests_have_a_key(shop):
    rows = ask(
        shop, "select distinct invoice_no, customer_id, customer_key from warehouse.line where customer_id is null"
    )
    assert len(rows) == 5
    assert all(-(2**52) <= key < 0 for _, _, key in rows)
    assert len({key for _, _, key in rows}) == 5
    assert ask(shop, "select count(*) from warehouse.line where customer_id <> customer_key") == [(0,)]


def test_descriptions_are_trimmed_and_blank_ones_are_null(shop):
    assert ask(shop, "select description from warehouse.line where stock_code = '79323W'") == [("WHITE CHERRY LIGHTS",)]
    assert ask(shop, "select description from warehouse.line where stock_code = '21646'") == [(None,)]


def test_overlap_and_duplicates(shop):
    sql = """select invoice_no, stock_code, count(*), sum(is_overlap::int), sum(is_duplicate::int)
             from warehouse.line group by 1, 2 having count(*) > 1 order by 1, 2"""
    assert ask(shop, sql) == [
        ("489434", "85048", 2, 0, 1),
        ("536365", "71053", 4, 2, 1),
        ("536365", "85123A", 2, 1, 0),
        ("536366", "22632", 2, 0, 1),
    ]
    assert ask(shop, "select sum((is_overlap or is_duplicate)::int) from warehouse.line") == [(6,)]


def test_dimensions(shop):
    assert ask(shop, "select * from warehouse.country order by 1")[:2] == [
        ("Australia", "Australia", "AU", "AUS", "Oceania", True),
        ("France", "France", "FR", "FRA", "Western Europe", True),
    ]
    customer = (
        "select first_month::text, last_invoice_at::text, country from warehouse.customer where customer_id = 13085"
    )
    assert ask(shop, customer) == [("2009-12-01", "2009-12-01 07:45:00", "United Kingdom")]
    assert ask(shop, "select product from warehouse.product where stock_code = '21646'") == [("21646",)]
    assert ask(shop, "select product from warehouse.product where stock_code = '23255'") == [
        ("TWO LINES; 'QUOTES', \"TOO\"",)
    ]
    days = "select min(date)::text, max(date)::text, count(*), sum(is_trading_day::int) from warehouse.calendar"
    assert ask(shop, days) == [("2009-12-01", "2011-12-31", 761, 5)]
    assert ask(shop, "select weekday, week::text from warehouse.calendar where date = '2010-12-05'") == [
        (7, "2010-11-29")
    ]


def test_the_product_name_is_the_one_most_often_sold(database, tmp_path):
    names = ["WHITE HEART", "White  heart ", "RED HEART", "damaged", "damaged", "damaged"]
    rows = [
        ("1", "85123A", name, "1", "2010-01-05 10:00:00", "0" if name == "damaged" else "2", "1", "France")
        for name in names
    ]
    run_load(database, write(tmp_path / "a.csv", csv_text(rows)))
    assert ask(database, "select product from warehouse.product") == [("WHITE HEART",)]


def test_only_months_that_changed_are_written(database, tmp_path):
    run_load(database, write(tmp_path / "retail.sql", copy_text(ROWS)))
    written = (
        "select month, min(xmin::text::bigint), max(xmin::text::bigint) from warehouse.line group by month order by 1"
    )
    before = ask(database, written)
    rows = [row for row in ROWS if row[0] != "C496350"]  # the only line of February 2010
    rows.append(("489600", "85048", "GLASS BALL", "1", "2011-12-09 12:51:00", "6.95", "13085", "United Kingdom"))
    done = run_load(database, write(tmp_path / "newer.sql", copy_text(rows)))
    assert [str(month) for month in done.months_changed] == ["2010-02-01", "2011-12-01"]
    after = ask(database, written)
    assert [row for row in after if str(row[0]) != "2011-12-01"] == [
        row for row in before if str(row[0]) not in ("2010-02-01", "2011-12-01")
    ]
    incremental = hashes(database), ask(database, "select * from warehouse.line order by line_id")
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("truncate warehouse.line, warehouse.day")
    run_load(database, write(tmp_path / "newer.sql", copy_text(rows)))
    assert hashes(database) == incremental[0]


def test_the_same_content_writes_nothing(database, tmp_path):
    path = write(tmp_path / "retail.sql", copy_text(ROWS))
    tables = ("line", "day", "customer", "product", "country", "calendar")
    sql = " union all ".join(f"select '{table}', xmin::text, ctid::text from warehouse.{table}" for table in tables)
    run_load(database, path)
    before = ask(database, sql)
    assert run_load(database, path).months_changed == []
    assert ask(database, sql) == before


def losing_a_line(source):
    """A reader with a fault: one of its lines is in no count of its own."""
    rows = source._row

    def row(found, lines, number):
        return "" if number == 3 else rows(found, lines, number)

    source._row = row
    source._plain = lambda *_, **__: 0
    return source


def test_a_failed_load_leaves_no_trace(database, tmp_path):
    run_load(database, write(tmp_path / "retail.sql", copy_text(ROWS)))
    before = hashes(database)
    with pytest.raises(CheckFailed) as failed:
        run_load(database, write(tmp_path / "a.csv", csv_text([*ROWS, ROWS[0]])), reader=losing_a_line)
    message = str(failed.value)
    assert message.startswith("The contract every_line_is_accounted_for does not hold (The lines counted in the file")
    assert "lines_counted=26, lines_kept=23, lines_rejected=0, lines_passed_over=2" in message
    assert "from landing.source" in message
    assert failed.value.exit_code == 1
    assert hashes(database) == before


def test_a_contract_shows_five_rows_and_the_sql_for_the_rest(shop):
    contract = Contract("no_lines", "There are no lines.", "select invoice_no from warehouse.line;")
    with closing(shop.connect()) as connection, connection.cursor() as cursor, pytest.raises(CheckFailed) as failed:
        run_contracts(cursor, [*load_contracts(), contract])
    message = str(failed.value)
    assert message.count("invoice_no=") == 5
    assert "more than 5 rows" in message
    assert message.endswith("select invoice_no from warehouse.line")


BREAKS = {
    "country_codes_are_known": "update warehouse.country set iso2 = null where country = 'France'",
    "dimensions_are_complete": "delete from warehouse.customer where customer_id = 13085",
    "every_line_is_accounted_for": "update landing.source set lines_counted = lines_counted + 1",
    "lines_are_kept_or_rejected": "update landing.source set lines_read = lines_read + 1",
    "lines_hold_together": "update warehouse.line set amount = amount + 0.01 where stock_code = 'M'",
    "days_are_noted": "update warehouse.day set lines = lines + 1 where day = '2010-02-01'",
    "money_is_kept": "update landing.line set unit_price = '373.58' where unit_price = '373.57'",
}


def test_every_contract_can_fail(shop):
    assert sorted(BREAKS) == [contract.name for contract in load_contracts()]
    for contract in load_contracts():
        with closing(shop.connect()) as connection, connection.cursor() as cursor:
            assert run_contracts(cursor, [contract]) == 1
            cursor.execute(BREAKS[contract.name])
            with pytest.raises(CheckFailed, match=contract.name):
                run_contracts(cursor, [contract])
            connection.rollback()


@pytest.mark.realdata
def test_the_real_data_in_numbers(database, real_dump):
    run_load(database, real_dump)
    flags = "select count(*), sum(amount)::text, sum(is_overlap::int), sum(is_duplicate::int) from warehouse.line"
    assert ask(database, flags) == [(1_067_371, "19287250.568", 22_523, 34_335 - 22_523)]
    types = "select line_type, count(*) from warehouse.line group by 1 order by 1"
    assert dict(ask(database, types)) == {
        "adjustment": 6, "cancellation": 19_494, "fee": 4_742, "free": 2_745, "sale": 1_036_927, "write_off": 3_457,
    }  # fmt: skip
    sizes = "select (select count(*) from warehouse.{}), (select count(*) from warehouse.{})"
    assert ask(database, sizes.format("customer", "product")) == [(5_942, 5_131)]
    nulls = "select sum((description is null)::int), sum((customer_id is null)::int) from warehouse.line"
    assert ask(database, nulls) == [(4_382, 243_007)]
    assert ask(database, "select count(*) from warehouse.country where iso2 is null") == [(4,)]
