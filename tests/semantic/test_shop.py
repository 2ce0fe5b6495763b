"""Every relation, against figures that a person counted on paper."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.contracts import run_contracts
from bootstrap.semantic.house_rules import definitions

EXPECTED = yaml.safe_load(Path(__file__).with_name("shop.yml").read_text(encoding="utf-8"))["expect"]


def comparable(value: Any) -> Any:
    return round(float(value), 6) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value


@pytest.mark.parametrize("relation", EXPECTED)
def test_a_relation_holds_what_was_counted_on_paper(relation, shop_connection):
    expected = EXPECTED[relation]
    columns = ", ".join(expected["columns"])
    with shop_connection, shop_connection.cursor() as cursor:
        cursor.execute(f"select {columns} from mart.{relation} where {expected.get('where', 'true')}")
        found = [[comparable(value) for value in row] for row in cursor.fetchall()]
    wanted = [[comparable(value) for value in row] for row in expected["rows"]]
    assert sorted(found, key=repr) == sorted(wanted, key=repr)


def test_every_relation_of_the_shop_is_counted_on_paper(layer):
    """Those that read nothing but receipts and specs have no figures of the shop."""
    other = {"warehouse.receipt", "warehouse.quarantine", "rollup.metric", "rollup.mart_column"}
    figures = {twin.name for twin in layer.twins if twin.schema_name == "mart" and not set(twin.reads) <= other}
    assert figures == set(EXPECTED)


def test_the_overlap_counts_twice_in_sales_and_once_in_the_figure_without_it(sold):
    """A mug for 6 on 3 December 2010, handed over twice; a tray for 2 twice on one invoice of the 20th."""
    mug = ["2001", "11111", "MUG", "6", "2010-12-03 10:00", "1.00", "11", "France"]
    tray = ["2002", "22222", "TRAY", "1", "2010-12-20 10:00", "2.00", "11", "France"]
    cursor = sold(mug, tray, mug, tray)
    cursor.execute("select sales, sales_without_overlap, lines, orders_total from mart.monthly_metrics")
    assert cursor.fetchall() == [(16, 10, 4, 2)]
    cursor.execute("select units, is_overlap, is_duplicate from mart.sales_line order by 1, 2, 3")
    assert cursor.fetchall() == [(1, False, False), (1, False, True), (6, False, False), (6, True, False)]


def test_an_invoice_of_two_customers_counts_for_one_of_them(sold):
    """A mug for 4 to customer 5 in Spain and a tray for 2 to customer 9 in France, under one number."""
    mug = ["3001", "11111", "MUG", "4", "2011-01-03 10:00", "1.00", "5", "Spain"]
    tray = ["3001", "22222", "TRAY", "1", "2011-01-03 10:00", "2.00", "9", "France"]
    cursor = sold(mug, tray)
    cursor.execute("select customer_id, country, amount, customer_type from mart.invoice_amount")
    assert cursor.fetchall() == [(5, "Spain", 6, "New")]


def test_a_shop_of_one_day_and_as_many_cancellations_as_orders_is_told_as_it_is(sold):
    order = ["4001", "11111", "MUG", "4", "2011-01-15 10:00", "1.00", "", "Spain"]
    cancellation = ["C4002", "11111", "MUG", "-4", "2011-01-15 11:00", "1.00", "", "Spain"]
    cursor = sold(order, cancellation)
    cursor.execute("select headline from mart.coverage")
    assert cursor.fetchone()[0].endswith("2 invoices, 0 customers. No month is complete.")
    assert definitions(cursor).count("Nothing in the data is affected.") > 3


def test_every_check_of_the_layer_holds_on_the_shop(layer, shop_connection):
    with shop_connection, shop_connection.cursor() as cursor:
        checks = [check for twin in layer.twins for check in twin.checks]
        assert run_contracts(cursor, checks) == len(checks) > 5
