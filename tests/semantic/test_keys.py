"""How relations join, and what each column means, is declared where tools look for it."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from psycopg2.extensions import connection as Connection
from sqlalchemy import create_engine, inspect

from bootstrap.contracts import run_contracts
from bootstrap.errors import CheckFailed, SpecError
from bootstrap.roles import grant_reading
from bootstrap.semantic.build import build
from bootstrap.semantic.keys import reference_checks

FOREIGN = (
    "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint"
    " where contype = 'f' and connamespace in ('mart'::regnamespace, 'rollup'::regnamespace) order by 1, 2"
)
EXPECTED = [
    (
        "mart.rfm_history",
        "rfm_history_customer_id_fkey",
        "FOREIGN KEY (customer_id) REFERENCES mart.customer(customer_id) NOT ENFORCED",
    ),
    (
        "mart.sales_month",
        "sales_month_month_fkey",
        "FOREIGN KEY (month) REFERENCES mart.monthly_metrics(month) NOT ENFORCED",
    ),
]
LATE_LINE = ["1016", "22222", "TRAY", "7", "2011-02-20 10:00", "2.00", "13", "France"]


@pytest.fixture
def connection(database) -> Iterator[Connection]:
    with closing(database.connect()) as opened:
        yield opened


def ask(connection, sql, *values) -> list[tuple]:
    with connection, connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


def changed(layer, relation, **update):
    twins = [twin.model_copy(update=update) if twin.relation == relation else twin for twin in layer.twins]
    return layer.model_copy(update={"twins": tuple(twins)})


def primary_keys(connection) -> dict[str, tuple[str, ...]]:
    rows = ask(
        connection,
        "select c.table_schema || '.' || c.table_name, array_agg(k.column_name::text order by k.ordinal_position)"
        " from information_schema.table_constraints as c"
        " inner join information_schema.key_column_usage as k using (constraint_schema, constraint_name, table_name)"
        " where c.constraint_type = 'PRIMARY KEY' and c.table_schema in ('mart', 'rollup')"
        " and c.constraint_name = c.table_name || '_pkey' group by 1",
    )
    return {relation: tuple(columns) for relation, columns in rows}


def test_every_stored_relation_has_its_key(shop_connection, layer):
    stored = {twin.relation: twin.key for twin in layer.twins if twin.kind == "stored"}
    keys = primary_keys(shop_connection)
    assert {relation: keys.get(relation) for relation in stored} == stored


def test_references_are_foreign_keys_that_cost_nothing(shop_connection):
    assert [row for row in ask(shop_connection, FOREIGN) if row in EXPECTED] == EXPECTED


def test_keys_survive_every_way_of_building(connection, refresh, shop_lines, layer, quiet):
    refresh(connection, shop_lines)
    before = (primary_keys(connection), ask(connection, FOREIGN))
    assert refresh(connection, [*shop_lines, LATE_LINE]).way == "changes"
    assert (primary_keys(connection), ask(connection, FOREIGN)) == before
    with connection, connection.cursor() as cursor:
        assert build(cursor, layer, changes=None, progress=quiet).way == "full"
    assert (primary_keys(connection), ask(connection, FOREIGN)) == before


def test_a_tool_of_an_analyst_reads_them(database, connection, refresh, shop_lines):
    refresh(connection, shop_lines)
    with connection, connection.cursor() as cursor:
        grant_reading(cursor)
    engine = create_engine(database.analyst_url)
    inspector = inspect(engine)
    assert inspector.get_pk_constraint("rfm_history", "mart")["constrained_columns"] == ["month", "customer_id"]
    foreign = inspector.get_foreign_keys("rfm_history", "mart")
    engine.dispose()
    named = [(key["constrained_columns"], key["referred_schema"], key["referred_table"]) for key in foreign]
    assert sorted(named) == [(["customer_id"], "mart", "customer"), (["month"], "mart", "monthly_metrics")]


def test_a_reference_that_does_not_hold_is_a_failing_contract(shop_connection, layer):
    checks = reference_checks(layer, layer.twin("rfm_history"))
    with shop_connection.cursor() as cursor:
        assert run_contracts(cursor, checks) == 2
        cursor.execute("delete from mart.customer where customer_id = 15")
        with pytest.raises(CheckFailed, match=r"customer_id is in mart.customer(.|\n)*customer_id=15"):
            run_contracts(cursor, checks)
    shop_connection.rollback()


def test_a_view_refers_in_words_alone(connection, refresh, shop_lines, layer, quiet):
    other = changed(layer, "mart.sales_line", references={"customer_id": "mart.rfm_customer.customer_id"})
    assert reference_checks(other, other.twin("sales_line")) == []
    refresh(connection, shop_lines)
    with connection, connection.cursor() as cursor:
        build(cursor, other, changes=None, progress=quiet)
    assert ask(connection, "select refers_to from mart.column_catalogue where relation = 'mart.sales_line'"
               " and column_name = 'customer_id'") == [("mart.rfm_customer.customer_id",)]  # fmt: skip


def test_a_new_reference_is_declared_and_an_old_one_is_not(connection, refresh, shop_lines, layer, quiet):
    without = changed(layer, "mart.kpi", references={})
    refresh(connection, shop_lines)
    with connection, connection.cursor() as cursor:
        assert build(cursor, without, changes={}, progress=quiet).way == "definitions"
    assert ("mart.kpi", "kpi_month_fkey") not in [row[:2] for row in ask(connection, FOREIGN)]
    with connection, connection.cursor() as cursor:
        assert build(cursor, layer, changes={}, progress=quiet).way == "definitions"
    assert ("mart.kpi", "kpi_month_fkey") in [row[:2] for row in ask(connection, FOREIGN)]


@pytest.mark.parametrize(
    ("key", "says"), [(("segment",), "is duplicated"), (("month", "country", "customer_id"), "contains null values")]
)
def test_a_key_that_does_not_tell_rows_apart_is_named(connection, refresh, shop_lines, layer, quiet, key, says):
    refresh(connection, shop_lines)
    with (
        connection.cursor() as cursor,
        pytest.raises(SpecError, match=rf"customer_month.yml: key: the key \({', '.join(key)}\) does not .*{says}"),
    ):
        build(cursor, changed(layer, "mart.customer_month", key=key), changes=None, progress=quiet)
    connection.rollback()


def test_the_catalogue_has_every_column_with_its_type(shop_connection, layer):
    rows = ask(
        shop_connection,
        "select said.relation, said.column_name, said.position, said.label, said.description, said.role"
        " from mart.column_catalogue as said inner join information_schema.columns as made"
        " on said.relation = made.table_schema || '.' || made.table_name and said.column_name = made.column_name"
        " and said.position = made.ordinal_position and said.data_type like made.data_type || '%'",
    )
    assert sorted(rows) == sorted(
        (twin.relation, column.name, position, column.label, column.description, column.role)
        for twin in layer.twins
        if twin.schema_name == "mart"
        for position, column in enumerate(twin.columns, 1)
    )


@pytest.mark.parametrize(
    ("relation", "column", "said"),
    [
        ("mart.sales_month", "sales", ("numeric", "GBP", True, None)),
        ("mart.sales_month", "active_customers", ("bigint", None, False, None)),
        ("mart.rfm_customer", "recency", ("integer", None, False, None)),
        ("mart.sales_month", "month", ("date", None, None, "mart.monthly_metrics.month")),
    ],
)
def test_the_catalogue_says_what_may_be_added_up_and_how_to_join(shop_connection, relation, column, said):
    sql = "select data_type, currency, is_additive, refers_to from mart.column_catalogue"
    assert ask(shop_connection, f"{sql} where relation = %s and column_name = %s", relation, column) == [said]
