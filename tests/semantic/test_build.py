"""How the layer gets into the database: whole or by month, with the same content, and without anybody waiting."""

import random
from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

from bootstrap.errors import SpecError
from bootstrap.roles import grant_reading
from bootstrap.semantic.build import build
from tests.content import content_hashes

LATE_LINE = ["1016", "22222", "TRAY", "7", "2011-02-20 10:00", "2.00", "13", "France"]


@pytest.fixture
def connection(database) -> Iterator[Connection]:
    with closing(database.connect()) as opened:
        yield opened


def hashes(connection, layer) -> dict[str, str]:
    with connection, connection.cursor() as cursor:
        return content_hashes(cursor, layer)


def build_all(connection, layer, quiet):
    with connection, connection.cursor() as cursor:
        built = build(cursor, layer, changes=None, progress=quiet)
        grant_reading(cursor)
    return built


def ask(connection, sql) -> list[tuple]:
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def test_building_by_month_gives_what_building_afresh_gives(connection, refresh, shop_lines, layer, quiet):
    assert refresh(connection, shop_lines).way == "full"
    before = hashes(connection, layer)
    assert refresh(connection, [*shop_lines, LATE_LINE]).way == "changes"
    by_month = hashes(connection, layer)
    assert by_month["mart.monthly_metrics"] != before["mart.monthly_metrics"]
    assert build_all(connection, layer, quiet).way == "full"
    assert hashes(connection, layer) == by_month
    assert refresh(connection, shop_lines).way == "changes"
    assert hashes(connection, layer) == before


def test_a_month_that_goes_away_leaves_nothing_behind(connection, refresh, shop_lines, layer):
    refresh(connection, [line for line in shop_lines if not line[4].startswith("2011-03")])
    short = hashes(connection, layer)
    refresh(connection, shop_lines)
    assert refresh(connection, [line for line in shop_lines if not line[4].startswith("2011-03")]).way == "changes"
    assert hashes(connection, layer) == short


def test_shuffled_lines_give_the_same_content(connection, database, refresh, shop_lines, layer):
    refresh(connection, shop_lines)
    in_order = hashes(connection, layer)
    with connection, connection.cursor() as cursor:
        cursor.execute("truncate warehouse.line, warehouse.day, landing.line")
    shuffled = random.Random(7).sample(shop_lines, len(shop_lines))
    refresh(connection, shuffled)
    assert hashes(connection, layer) == in_order


def test_nothing_new_changes_nothing(connection, refresh, shop_lines):
    refresh(connection, shop_lines)
    again = refresh(connection, shop_lines)
    assert (again.way, again.changed, again.rows) == ("nothing", False, {})


def test_an_empty_warehouse_gives_empty_relations(connection, layer, quiet):
    build_all(connection, layer, quiet)
    assert ask(connection, "select * from mart.monthly_metrics") == []
    assert ask(connection, "select * from mart.coverage") == []


@pytest.mark.parametrize("way", ["full", "changes"])
def test_readers_never_wait_and_see_the_old_or_the_new_whole(
    way, connection, database, refresh, load_lines, shop_lines, layer, quiet
):
    refresh(connection, shop_lines)
    build_all(connection, layer, quiet)
    with closing(database.connect("reader")) as reader:
        ask(reader, "set lock_timeout = '250ms'")
        sales = "select sum(sales) from mart.monthly_metrics union all select sum(sales) from mart.customer_month"
        with connection.cursor() as cursor:
            loaded = load_lines(connection, [*shop_lines, LATE_LINE])
            changes = None if way == "full" else loaded.changes
            assert build(cursor, layer, changes=changes, progress=quiet).way == way
            grant_reading(cursor)
            assert ask(reader, sales) == [(205,), (205,)]
        connection.commit()
        assert ask(reader, sales) == [(219,), (219,)]


def test_a_reader_in_the_middle_holds_up_nobody(connection, database, refresh, shop_lines, layer, quiet):
    refresh(connection, shop_lines)
    build_all(connection, layer, quiet)
    with closing(database.connect("reader")) as slow, closing(database.connect("reader")) as other:
        with slow.cursor() as cursor:
            cursor.execute("select count(*) from mart.customer_month")
        build_all(connection, layer, quiet)
        ask(other, "set lock_timeout = '250ms'")
        assert ask(other, "select sum(sales) from mart.customer_month") == [(205,)]


@pytest.mark.parametrize("way", ["full", "changes"])
def test_a_rollback_undoes_all(way, connection, refresh, load_lines, shop_lines, layer, quiet):
    refresh(connection, shop_lines)
    before = hashes(connection, layer)
    loaded = load_lines(connection, [*shop_lines, LATE_LINE])
    with connection.cursor() as cursor:
        build(cursor, layer, changes=None if way == "full" else loaded.changes, progress=quiet)
    connection.rollback()
    assert hashes(connection, layer) == before


def changed(layer, relation, **update):
    twins = [twin.model_copy(update=update) if twin.relation == relation else twin for twin in layer.twins]
    return layer.model_copy(update={"twins": tuple(twins)})


def test_a_changed_definition_rebuilds_what_it_defines(connection, refresh, shop_lines, layer, quiet):
    refresh(connection, shop_lines)
    sql = layer.twin("kpi").sql.replace("'Goods sold'", "'Turnover'")
    with connection, connection.cursor() as cursor:
        built = build(cursor, changed(layer, "mart.kpi", sql=sql), changes={}, progress=quiet)
    assert (built.way, set(built.rows)) == ("definitions", {"mart.kpi"})
    assert ask(connection, "select count(*) from mart.kpi where kpi = 'Turnover'") == [(2,)]


def test_one_word_makes_a_view_of_a_stored_relation(connection, refresh, shop_lines, layer, quiet):
    refresh(connection, shop_lines)
    before = hashes(connection, layer)
    with connection, connection.cursor() as cursor:
        build(cursor, changed(layer, "mart.kpi", kind="view"), changes={}, progress=quiet)
    assert ask(connection, "select relkind from pg_class where oid = 'mart.kpi'::regclass") == [("v",)]
    assert hashes(connection, layer) == before


def test_a_build_says_how_many_rows_it_wrote(connection, refresh, shop_lines):
    whole = refresh(connection, shop_lines).rows
    assert (whole["rollup.invoice_month"], whole["mart.customer_month"]) == (15, 13)
    by_month = refresh(connection, [*shop_lines, LATE_LINE]).rows
    assert (by_month["rollup.invoice_month"], by_month["mart.customer_month"]) == (1, 10)


def test_changed_words_alone_rebuild_nothing(connection, refresh, shop_lines, layer, quiet):
    refresh(connection, shop_lines)
    made = ask(connection, "select oid from pg_class where relname = 'kpi'")
    reworded = changed(layer, "mart.kpi", description="Figures. One row per month and key figure.")
    with connection, connection.cursor() as cursor:
        assert build(cursor, reworded, changes={}, progress=quiet).way == "documentation"
        assert build(cursor, reworded, changes={}, progress=quiet).way == "nothing"
    assert ask(connection, "select oid from pg_class where relname = 'kpi'") == made
    assert ask(connection, "select obj_description('mart.kpi'::regclass)") == [
        ("Figures. One row per month and key figure.",)
    ]


def test_a_new_chart_shows_in_the_catalogue(connection, refresh, shop_lines, layer, quiet):
    refresh(connection, shop_lines)
    with connection, connection.cursor() as cursor:
        built = build(cursor, layer, changes={}, progress=quiet, used_in={"sales": ["How much do we sell?"]})
    assert built.way == "documentation"
    ((where_used,),) = ask(connection, "select where_used from mart.metric_catalogue where metric = 'sales'")
    assert where_used.startswith("mart.")
    assert where_used.endswith("How much do we sell?")


def test_every_relation_and_column_is_commented(connection, refresh, shop_lines, layer):
    refresh(connection, shop_lines)
    silent = ask(
        connection,
        "select c.relname, a.attname from pg_class as c"
        " join pg_attribute as a on c.oid = a.attrelid and a.attnum >= 0 and not a.attisdropped"
        " where c.relnamespace = 'mart'::regnamespace and c.relkind in ('r', 'v', 'm')"
        " and (col_description(c.oid, a.attnum) is null or obj_description(c.oid) is null)",
    )
    assert silent == []
    names = {
        relation
        for (relation,) in ask(
            connection,
            "select relname from pg_class where relnamespace = 'mart'::regnamespace and relkind in ('r', 'v', 'm')",
        )
    }
    assert names == {twin.name for twin in layer.twins if twin.schema_name == "mart"}


def test_the_catalogue_has_every_metric(connection, refresh, shop_lines, layer):
    refresh(connection, shop_lines)
    rows = ask(connection, "select metric, label, formula, unit, description, owner from mart.metric_catalogue")
    wanted = [(m.name, m.label, m.expression, m.unit, m.description, m.owner) for m in layer.metrics.values()]
    assert sorted(rows) == sorted(wanted)


def test_a_column_that_the_sql_does_not_give_is_named(connection, layer, quiet):
    columns = layer.twin("kpi").columns
    wrong = (*columns[:-1], columns[-1].model_copy(update={"name": "is_newst"}))
    with (
        connection.cursor() as cursor,
        pytest.raises(SpecError, match=r'kpi.yml.*"is_newst".*Did you mean "is_newest"'),
    ):
        build(cursor, changed(layer, "mart.kpi", columns=wrong), changes=None, progress=quiet)


def test_sql_that_the_server_refuses_names_the_file(connection, layer, quiet):
    with connection.cursor() as cursor, pytest.raises(SpecError, match=r"kpi.sql:2: .*nowhere"):
        build(
            cursor,
            changed(layer, "mart.kpi", sql="select\n    nowhere\nfrom mart.customer_month"),
            changes=None,
            progress=quiet,
        )


@pytest.mark.parametrize("role", ["reader", "analyst"])
def test_readers_read_all_of_mart_and_nothing_private(role, database, connection, refresh, shop_lines, layer, quiet):
    refresh(connection, shop_lines)
    build_all(connection, layer, quiet)
    with closing(database.connect(role)) as reader:
        for twin in (twin for twin in layer.twins if twin.schema_name == "mart"):
            ask(reader, f"select * from {twin.relation} limit 1")
        for statement in ("select 1 from rollup.invoice_month", "delete from mart.rfm_history"):
            with pytest.raises(psycopg2.Error, match=r"permission denied|read-only"):
                ask(reader, statement)
