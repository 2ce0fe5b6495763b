"""A changed definition rebuilds what it defines, and respects what others built and granted."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from bootstrap.errors import CheckFailed
from bootstrap.roles import grant_reading
from bootstrap.semantic.build import build
from tests.content import content_hashes
from tests.semantic.test_build import ask, changed
from tests.semantic.test_keys import FOREIGN

OF_ANN = (
    "create schema ann authorization ann; grant usage on schema mart to ann; grant select on {} to ann; set role ann; "
)


@pytest.fixture
def connection(database, refresh, shop_lines) -> Iterator[Connection]:
    with closing(database.connect()) as opened:
        refresh(opened, shop_lines)
        yield opened


@pytest.fixture
def admin(database) -> Iterator[Connection]:
    """A superuser, with a role ``ann`` that is no part of the product."""
    with closing(database.connect("admin")) as opened:
        ask(opened, "do $$ begin create role ann; exception when duplicate_object then null; end $$")
        yield opened


def rebuild(connection, layer, quiet, **options):
    with connection, connection.cursor() as cursor:
        built = build(cursor, layer, changes={}, progress=quiet, **options)
        grant_reading(cursor)
    return built


def other_rows(layer, relation="mart.kpi"):
    """The same columns, and not all of the rows."""
    return changed(layer, relation, sql=f"select * from ({layer.twin(relation).sql}) as q where month > '2011-01-01'")


def wider(layer, relation="mart.kpi"):
    """One more column, in front of the others."""
    twin = layer.twin(relation)
    column = twin.columns[0].model_copy(update={"name": "one", "description": "One."})
    sql = f"select 1 as one, q.* from ({twin.sql}) as q"
    return changed(layer, relation, sql=sql, columns=(column, *twin.columns))


def test_what_stands_on_a_changed_relation_follows_it_and_nothing_else(connection, layer, quiet):
    built = rebuild(connection, other_rows(layer, "mart.customer_month"), quiet)
    amounts = {"invoice", "invoice_amount_limit", "invoice_amount_band", "invoice_amount_summary"}
    told = {"kpi", "rival_definition", "sales_driver", "sales_month", "unusual_cancellation"}
    above = {"customer_month", *amounts, *told}
    assert (built.way, set(built.rows)) == ("definitions", {f"mart.{name}" for name in above})
    assert ask(connection, "select min(month)::text from mart.kpi") == [("2011-02-01",)]


@pytest.mark.parametrize("change", [other_rows, wider])
def test_the_way_there_makes_no_difference(change, connection, layer, quiet):
    fresh = change(layer, "mart.customer_month")
    before = content_hashes_of(connection, layer)
    rebuild(connection, fresh, quiet)
    by_change = content_hashes_of(connection, layer)
    ask(connection, "drop schema mart, rollup cascade")
    rebuild(connection, fresh, quiet)
    assert by_change == content_hashes_of(connection, layer)
    rebuild(connection, layer, quiet)
    assert content_hashes_of(connection, layer) == before


def content_hashes_of(connection, layer):
    with connection, connection.cursor() as cursor:
        return content_hashes(cursor, layer)


@pytest.mark.parametrize("change", [other_rows, wider])
def test_a_view_on_an_unchanged_relation_survives(change, connection, admin, layer, quiet):
    ask(admin, OF_ANN.format("mart.product") + "create view ann.products as select * from mart.product")
    rebuild(connection, change(layer), quiet)
    assert ask(admin, "select count(*) from ann.products") == ask(connection, "select count(*) from mart.product")


def test_a_view_on_a_changed_relation_of_the_same_columns_survives_and_follows(connection, admin, layer, quiet):
    ask(admin, OF_ANN.format("mart.kpi") + "create view ann.figures as select * from mart.kpi")
    before = ask(admin, "select count(*) from ann.figures")
    admin.rollback()
    rebuild(connection, other_rows(layer), quiet)
    after = ask(admin, "select count(*) from ann.figures")
    assert before != after == ask(connection, "select count(*) from mart.kpi")


def test_a_view_on_a_view_survives_a_further_column(connection, admin, layer, quiet):
    ask(admin, OF_ANN.format("mart.sales_line") + "create view ann.lines as select units from mart.sales_line")
    twin = layer.twin("sales_line")
    column = twin.columns[0].model_copy(update={"name": "one", "description": "One."})
    sql = f"select q.*, 1 as one from ({twin.sql}) as q where units > 1"
    rebuild(connection, changed(layer, "mart.sales_line", sql=sql, columns=(*twin.columns, column)), quiet)
    assert ask(admin, "select min(units) from ann.lines") == [(5,)]
    assert ask(connection, "select distinct one from mart.sales_line") == [(1,)]


def test_a_view_of_ours_follows_a_relation_that_is_exchanged(connection, admin, layer, quiet):
    """The view ``sales_line`` reads ``rfm_customer``, and ann reads the view."""
    ask(admin, OF_ANN.format("mart.sales_line") + "create view ann.lines as select units from mart.sales_line")
    built = rebuild(connection, wider(layer, "mart.rfm_customer"), quiet)
    assert {"mart.rfm_customer", "mart.sales_line", "mart.customer"} <= set(built.rows)
    assert ask(admin, "select count(*) from ann.lines") == [(18,)]


def built_by_ann(admin):
    ask(
        admin,
        f"grant references on mart.kpi to ann; {OF_ANN.format('mart.kpi')}"
        "create view ann.figures as select * from mart.kpi;"
        "create materialized view ann.kept as select * from ann.figures;"
        "create table ann.note (month date, kpi text,"
        " foreign key (month, kpi) references mart.kpi (month, kpi));"
        "create function ann.kpis() returns bigint return (select count(*) from mart.kpi)",
    )  # fmt: skip


NAMES = [
    "foreign key note_month_kpi_fkey on ann.note of ann",
    "function ann.kpis() of ann",
    "materialized view ann.kept of ann",
    "view ann.figures of ann",
]


def test_what_would_be_dropped_is_named_with_its_owner_and_stops_the_build(connection, admin, layer, quiet):
    built_by_ann(admin)
    before = content_hashes_of(connection, layer)
    with pytest.raises(CheckFailed, match=r"replace mart\.kpi, which would drop") as caught:
        rebuild(connection, wider(layer), quiet)
    assert caught.value.exit_code == 1
    assert [line.strip() for line in str(caught.value).splitlines()[1:-1]] == NAMES
    assert "lgs refresh --cascade" in str(caught.value)
    assert content_hashes_of(connection, layer) == before
    assert ask(admin, "select count(*) from ann.figures") == ask(connection, "select count(*) from mart.kpi")


def test_a_relation_that_is_defined_no_more_goes_and_what_others_built_on_it_stops_that(
    connection, admin, layer, quiet
):
    built_by_ann(admin)
    less = layer.model_copy(update={"twins": tuple(twin for twin in layer.twins if twin.name != "kpi")})
    with pytest.raises(CheckFailed, match=r"view ann.figures of ann"):
        rebuild(connection, less, quiet)
    assert rebuild(connection, less, quiet, cascade=True).way == "definitions"
    assert ask(connection, "select to_regclass('mart.kpi')") == [(None,)]


def test_cascade_drops_them_and_says_so(connection, admin, layer, quiet):
    built_by_ann(admin)
    built = rebuild(connection, wider(layer), quiet, cascade=True)
    assert [str(one) for one in built.dropped] == NAMES
    assert ask(admin, "select to_regclass('ann.figures'), to_regclass('ann.kept')") == [(None, None)]
    assert ask(admin, "select count(*) from ann.note") == [(0,)]


def test_grants_of_others_are_carried_over(connection, admin, layer, quiet):
    ask(
        admin,
        "grant usage on schema mart to ann; grant select on mart.kpi to ann with grant option;"
        "grant update (month) on mart.kpi to ann; grant select on mart.product to public",
    )
    granted = (
        "select relname, relacl::text, (select array_agg(attname || attacl::text) from pg_attribute"
        " where attrelid = pg_class.oid and attacl is not null) from pg_class"
        " where oid in ('mart.kpi'::regclass, 'mart.product'::regclass) order by 1"
    )
    rebuild(connection, layer, quiet)
    before = ask(connection, granted)
    assert "ann=r*/" in before[0][1]
    made = ask(connection, "select 'mart.kpi'::regclass::oid")
    rebuild(connection, wider(layer), quiet)
    assert ask(connection, granted) == before
    assert ask(connection, "select 'mart.kpi'::regclass::oid") != made
    assert ask(admin, "set role ann; select count(*) > 0 from mart.kpi") == [(True,)]


@pytest.mark.parametrize("change", [other_rows, wider])
def test_readers_see_the_old_until_the_commit_and_wait_for_no_check(
    change, connection, database, layer, quiet, refresh, shop_lines
):
    rows = "select count(*) from mart.kpi"
    rebuild(connection, layer, quiet)
    ((before,),) = ask(connection, rows)
    seen = []
    with closing(database.connect("reader")) as reader:
        ask(reader, "set lock_timeout = '250ms'")
        rebuild(connection, change(layer), quiet, check=lambda _: seen.extend(ask(reader, rows)))
        assert seen == [(before,)]
        assert ask(reader, rows) == ask(connection, rows)


def test_a_long_reader_of_what_is_exchanged_is_waited_for_and_holds_up_no_other(connection, database, layer, quiet):
    rebuild(connection, layer, quiet)
    ask(connection, "set lock_timeout = '300ms'")
    with closing(database.connect("reader")) as slow:
        with slow.cursor() as cursor:
            cursor.execute("select count(*) from mart.kpi")
        with pytest.raises(errors.LockNotAvailable):
            rebuild(connection, wider(layer), quiet)
        rebuild(connection, other_rows(layer), quiet)
        rebuild(connection, wider(layer, "mart.product_segment"), quiet, cascade=True)


def test_foreign_keys_are_those_of_the_twins_whatever_was_exchanged(connection, layer, quiet):
    before = ask(connection, FOREIGN)
    rebuild(connection, wider(layer, "mart.monthly_metrics"), quiet)
    assert ask(connection, FOREIGN) == before
    assert ask(connection, "select count(*) from pg_namespace where nspname ~ '^(mart|rollup)_'") == [(0,)]


def test_another_key_and_another_index(connection, layer, quiet):
    rebuild(connection, changed(layer, "mart.kpi", key=("kpi", "month"), indexes=(("kpi",),)), quiet)
    found = ask(connection, "select indexdef from pg_indexes where tablename = 'kpi' order by 1")
    assert [definition.partition("USING ")[2] for (definition,) in found] == ["btree (kpi)", "btree (kpi, month)"]
    rebuild(connection, changed(layer, "mart.product", indexes=(("product",),)), quiet)
    assert ("btree (product)",) in ask(
        connection, "select substring(indexdef, 'btree.*') from pg_indexes where tablename = 'product'"
    )


def test_a_relation_that_somebody_dropped_is_built_again(connection, layer, quiet):
    ask(connection, "drop table mart.kpi cascade")
    assert set(rebuild(connection, layer, quiet).rows) == {"mart.kpi"}
