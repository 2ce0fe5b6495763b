"""Lines come from a database as they come from a file: whole, or what is new, and days that differ are named."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from bootstrap.contracts import run_contracts
from bootstrap.database import DatabaseUrl, path_or_url, table_of
from bootstrap.errors import SourceError, Unreachable, UsageError
from bootstrap.lines import Loaded
from bootstrap.settings import load_settings
from tests.conftest import Database, free_port
from tests.databases import READER, Row, Shop, mariadb_in, postgres_in
from tests.warehouse.shop import ROWS, ask, csv_text, quiet, run_load, write
from warehouse.lines import load_contracts
from warehouse.load import load
from warehouse.maps import Map, said
from warehouse.sources import open_database

SERVERS = {"PostgreSQL": postgres_in, "MariaDB": mariadb_in}
DAYS = "select day, lines, amount, content_hash from warehouse.day order by day"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Shop]]:
    """Each server is started when the first test asks for it."""
    with ExitStack() as stack:
        started: dict[str, Shop] = {}

        def start(name: str) -> Shop:
            if name not in started:
                started[name] = stack.enter_context(SERVERS[name](tmp_path_factory.mktemp(name)))
            return started[name]

        yield start


@pytest.fixture(params=SERVERS)
def shop(servers: Callable[[str], Shop], request: pytest.FixtureRequest) -> Shop:
    return servers(request.param)


@pytest.fixture
def postgres(servers: Callable[[str], Shop]) -> Shop:
    return servers("PostgreSQL")


@pytest.fixture
def mariadb(servers: Callable[[str], Shop]) -> Shop:
    return servers("MariaDB")


def read(
    database: Database,
    shop: Shop,
    *,
    append: bool = False,
    how: Map | None = None,
    max_rejects: float = 0.001,
    **table: object,
) -> Loaded:
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        source = open_database(shop.table(**table), how or said())
        done = load(cursor, source, max_rejects=max_rejects, append=append, progress=quiet())
        run_contracts(cursor, load_contracts())
        return done


def line(number: str, day: str, *, quantity: object = 2, price: object = "2.5", code: str = "1001") -> Row:
    return (number, code, "TEA CUP", quantity, f"{day} 09:00:00", price, 101, "France")


def warned(done: Loaded) -> list[str]:
    return [text for text in done.account["warnings"] if "differs" in text]


DEBT = line("A500002", "2011-01-03", quantity=1, price="-53594.36", code="B")  # more digits than a real shows
PRICES = "select unit_price, amount from warehouse.line order by unit_price"
OLD = [line("500001", "2011-01-03"), line("500002", "2011-02-10"), line("500003", "2011-03-01", price="12.25")]


def test_the_same_lines_as_a_file_give_the_same_days(database: Database, shop: Shop, tmp_path: Path) -> None:
    run_load(database, write(tmp_path / "retail.csv", csv_text(ROWS)))
    expected = ask(database, DAYS)
    shop.make(ROWS)
    done = read(database, shop)
    assert (done.lines_read, done.lines_kept, done.days_changed, warned(done)) == (len(ROWS), len(ROWS), [], [])
    assert ask(database, DAYS) == expected
    assert done.form == f"{'PostgreSQL' if shop.is_postgres else 'MariaDB'} table"


@pytest.mark.parametrize("price", ["real", "double precision", "numeric"])
def test_prices_of_every_type_are_what_was_meant(database: Database, postgres: Shop, price: str) -> None:
    postgres.make([line("500001", "2011-01-03", quantity=100, price="6.95"), DEBT], price=price)
    assert warned(read(database, postgres)) == []
    assert ask(database, PRICES) == [(Decimal("-53594.36"), Decimal("-53594.36")), (Decimal("6.95"), Decimal("695"))]


@pytest.mark.parametrize("price", ["float", "double"])
def test_prices_of_every_type_of_mariadb_are_what_it_sends(database: Database, mariadb: Shop, price: str) -> None:
    mariadb.make([line("500001", "2011-01-03", quantity=100, price="6.95"), DEBT], price=price)
    assert warned(read(database, mariadb)) == []
    debt = Decimal("-53594.4") if price == "float" else Decimal("-53594.36")  # it sends six digits of a float
    assert ask(database, PRICES) == [(debt, debt), (Decimal("6.95"), Decimal("695"))]


def test_times_with_a_zone_are_those_of_the_shop(database: Database, postgres: Shop) -> None:
    row = ("500001", "1001", "TEA CUP", 1, "2011-07-03 23:30:00+00", "2.5", None, "France")
    postgres.make([row], moment="timestamptz")
    assert warned(read(database, postgres)) == []
    assert ask(database, "select invoice_at from warehouse.line") == [(datetime(2011, 7, 4, 0, 30),)]


def test_names_are_mapped_as_for_files(database: Database, shop: Shop) -> None:
    shop.make(OLD)
    shop.run(
        "drop table if exists lines_of_sale",
        "create table lines_of_sale as select invoice_no as number, stock_code, description, quantity, "
        "invoice_date as sold, unit_price, customer_id, country, 'paid' as note from retail",
        f"grant select on lines_of_sale to {READER}",
    )
    how = Map.model_validate({"columns": {"invoice_no": "number", "invoice_date": "sold"}})
    done = read(database, shop, how=how, name="lines_of_sale")
    assert done.lines_kept == 3
    assert "column note of table lines_of_sale" in done.account["left_out"]


def test_a_table_of_another_schema_is_read(database: Database, shop: Shop) -> None:
    schema = "create schema if not exists archive"
    shop.make(OLD)
    shop.run(schema, "drop table if exists archive.sales", "create table archive.sales as select * from retail")
    if shop.is_postgres:
        shop.run(f"grant usage on schema archive to {READER}")
    shop.run(f"grant select on archive.sales to {READER}")
    assert read(database, shop, name="archive.sales").lines_kept == 3


def test_the_hash_of_what_was_read_does_not_depend_on_the_order(database: Database, shop: Shop) -> None:
    shop.make(OLD)
    first = read(database, shop)
    shop.make(OLD[::-1])
    again = read(database, shop)
    assert (again.sha256, again.days_changed) == (first.sha256, [])
    shop.add([line("500004", "2011-03-02")])
    assert read(database, shop).sha256 != first.sha256


def test_what_is_new_is_added_with_a_late_line_inside_the_look_back_and_one_outside_is_named(
    database: Database, shop: Shop
) -> None:
    shop.make(OLD)
    read(database, shop)
    shop.add([line("500010", "2011-03-04"), line("500011", "2011-02-25"), line("500012", "2011-02-20")])
    done = read(database, shop, append=True)
    assert done.is_append
    assert done.lines_read == 3  # from 22 February on: 500003, 500010 and 500011
    assert done.days_changed == [date(2011, 2, 25), date(2011, 3, 4)]
    assert warned(done) == [
        "the database differs from what is loaded: 20 February 2011 has 1 line there, 0 here; before the look-back, "
        "which begins on 22 February 2011. Read the table whole, without --append, or look further back: "
        "LGS_LOOK_BACK=12."
    ]
    done = read(database, shop, append=True, look_back=12)
    assert (done.days_changed, warned(done)) == ([date(2011, 2, 20)], [])
    incremental = ask(database, DAYS)
    whole = read(database, shop)
    assert (whole.days_changed, warned(whole), ask(database, DAYS)) == ([], [], incremental)


def test_an_invoice_across_the_border_is_read_whole(database: Database, shop: Shop) -> None:
    across = [line("c500009 ", "2011-02-01", quantity=-1), line("C500009", "2011-02-28", quantity=-3, code="1002")]
    shop.make([*OLD, *across])
    read(database, shop)
    before = ask(database, DAYS)
    done = read(database, shop, append=True)
    assert (done.lines_read, done.days_changed, warned(done)) == (3, [], [])
    assert ask(database, DAYS) == before


def test_rejected_lines_raise_no_alarm_and_are_counted_once(database: Database, shop: Shop) -> None:
    bad = [line("", "2011-01-03"), line("500003", "2011-03-01", code="?"), line("500099", "2011-02-28", quantity=None)]
    shop.make([*OLD, *bad])
    done = read(database, shop, max_rejects=0.6)
    assert (sum(done.rejected.values()), warned(done)) == (3, [])
    shop.add([line("500004", "2011-03-02")])
    added = read(database, shop, append=True, max_rejects=0.6)
    assert (sum(added.rejected.values()), added.days_changed, warned(added)) == (2, [date(2011, 3, 2)], [])
    again = read(database, shop, append=True, max_rejects=0.6)
    assert (again.days_changed, warned(again)) == ([], [])


def test_what_a_file_before_had_rejected_raises_no_alarm(database: Database, shop: Shop, tmp_path: Path) -> None:
    rows = [*OLD, line("", "2011-01-03")]
    run_load(database, write(tmp_path / "retail.csv", csv_text(rows)), max_rejects=0.5)
    shop.make([*rows, line("500004", "2011-03-02")])
    done = read(database, shop, append=True)
    assert (done.days_changed, warned(done)) == ([date(2011, 3, 2)], [])


def test_lines_that_went_from_the_database_are_named(database: Database, shop: Shop) -> None:
    shop.make([*OLD, line("500005", "2011-03-01")])
    read(database, shop)
    shop.run("delete from retail where invoice_no in ('500001', '500005')")
    early, recent = warned(read(database, shop, append=True))
    assert "3 January 2011 has 0 lines there, 1 here; before the look-back" in early
    assert early.endswith("Read the table whole: lgs refresh without --append.")
    assert "1 March 2011 has 1 line there, 2 here; although they were just read." in recent


def test_an_amount_that_was_corrected_outside_the_look_back_is_named(database: Database, shop: Shop) -> None:
    shop.make(OLD)
    read(database, shop)
    shop.run("update retail set unit_price = 3 where invoice_no = '500001'")
    (found,) = warned(read(database, shop, append=True))
    assert "3 January 2011 has £6.00 there, £5.00 here; before the look-back" in found


def test_a_table_that_ends_before_the_look_back_is_refused(database: Database, shop: Shop) -> None:
    shop.make(OLD)
    read(database, shop)
    shop.make(OLD[:1])
    with pytest.raises(SourceError, match=r"table retail: there is no line of 22 February 2011 or later in it"):
        read(database, shop, append=True)


def test_dates_as_text_are_read_whole_and_not_added(database: Database, shop: Shop) -> None:
    shop.make(OLD, moment="varchar(30)")
    done = read(database, shop)
    assert done.lines_kept == 3
    assert any("days not compared" in text for text in done.account["decisions"])
    with pytest.raises(
        SourceError, match=r"column invoice_date is VARCHAR.* there, .* Read it whole, without --append"
    ):
        read(database, shop, append=True)


def test_an_empty_table_is_refused(database: Database, shop: Shop) -> None:
    shop.make([])
    with pytest.raises(SourceError, match="there are no lines in it"):
        read(database, shop)


def test_text_that_no_warehouse_keeps_is_set_aside(database: Database, mariadb: Shop) -> None:
    mariadb.make([*OLD, ("500\0", "1001", "CUP", 1, "2011-03-01 09:00:00", "1", None, "France")])
    done = read(database, mariadb, max_rejects=0.5)
    assert done.rejected == {"a NUL character": 1}


def test_a_table_longer_than_a_batch_is_read_whole(database: Database, shop: Shop) -> None:
    shop.make([line(str(500000 + n), f"2011-03-{n % 9 + 1:02}") for n in range(12_001)])
    done = read(database, shop)
    assert (done.lines_kept, warned(done)) == (12_001, [])


def test_what_is_written_while_it_is_read_is_not_seen(database: Database, shop: Shop) -> None:
    shop.make(OLD)
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        source = open_database(shop.table(), said())
        shop.add([line("500004", "2011-03-02")])
        done = load(cursor, source, max_rejects=0, progress=quiet())
    assert (done.lines_read, warned(done)) == (3, [])


def test_nothing_can_be_written(shop: Shop) -> None:
    shop.make(OLD)
    shop.run(f"grant insert on retail to {READER}")
    source = open_database(shop.table(), said())
    with closing(source.connection), pytest.raises(DBAPIError, match=r"(?i)read[- ]only transaction"):
        source.connection.exec_driver_sql("insert into retail (invoice_no) values ('1')")


def refused(shop: Shop, kind: type[Exception] = SourceError, **table: object) -> str:
    """The one sentence; the password is never in it, nor in what led to it."""
    with pytest.raises(kind) as caught:
        list(open_database(shop.table(**table), said()).blocks())
    text = str(caught.value)
    assert shop.password not in f"{text}{caught.value!r}"
    assert caught.value.__cause__ is None
    return text


def with_reader(shop: Shop, **parts: object) -> str:
    return shop.admin.set(**{"username": READER, "password": shop.password} | parts).render_as_string(False)


def test_a_wrong_password_is_told(shop: Shop) -> None:
    text = refused(shop, url=with_reader(shop, password="secret-of-nobody"))
    assert "does not let reader in" in text
    assert "LGS_SOURCE_PASSWORD" in text
    assert "secret-of-nobody" not in text


def test_a_server_that_does_not_answer_is_told(shop: Shop) -> None:
    port = free_port()
    text = refused(shop, Unreachable, url=with_reader(shop, port=port))
    assert re.match(rf"The source does not answer at 127\.0\.0\.1:{port} \(.*\)\. Check that it runs, or change", text)


def test_a_host_that_is_not_known_is_told(shop: Shop) -> None:
    assert "The source does not answer at nowhere.invalid:" in refused(
        shop, Unreachable, url=with_reader(shop, host="nowhere.invalid")
    )


def test_a_missing_database_is_told(shop: Shop) -> None:
    text = refused(shop, url=with_reader(shop, database="salles"))
    assert "salles" in text
    assert "does not answer" not in text


def test_a_missing_table_is_told_with_the_nearest(shop: Shop) -> None:
    shop.make(OLD)
    text = refused(shop, name="retial")
    assert "there is no table retial. Did you mean retail? Name it: --table TABLE" in text


def test_a_missing_schema_is_told(shop: Shop) -> None:
    assert "there is no table nowhere.retail" in refused(shop, name="nowhere.retail")


def test_a_missing_column_is_told(shop: Shop) -> None:
    shop.make(OLD)
    shop.run("alter table retail rename column unit_price to unit_prise")
    assert "table retail: no column for unit_price; found unit_prise: did you mean it?" in refused(shop)


def test_a_table_of_something_else_is_told_with_the_start_of_a_map(shop: Shop) -> None:
    shop.run("drop table if exists staff", "create table staff (name varchar(9), born date)")
    shop.run(f"grant select on staff to {READER}")
    assert "is a table: no column for invoice_no" in refused(shop, name="staff")


def test_a_right_that_is_missing_is_told(shop: Shop) -> None:
    shop.make(OLD)
    shop.run(f"revoke select on retail from {READER}")
    if not shop.is_postgres:  # who has no right at all does not see the table
        shop.run(f"grant insert on retail to {READER}")
    text = refused(shop)
    assert "reader may not read retail" in text
    assert "grant select on retail to reader" in text


def test_a_server_that_is_slow_is_told(postgres: Shop) -> None:
    postgres.make(OLD)
    postgres.run(
        "drop view if exists slow",
        "create view slow as select * from retail where pg_sleep(3) is not null",
        f"grant select on slow to {READER}",
    )
    text = refused(postgres, name="slow", seconds=0.5)
    assert "no answer within 0.5 seconds" in text
    assert "LGS_SOURCE_TIMEOUT" in text


def test_a_mariadb_that_is_slow_is_told(mariadb: Shop) -> None:
    mariadb.make(OLD)
    mariadb.run(
        "create or replace view slow as select * from retail where sleep(1) = 0", f"grant select on slow to {READER}"
    )
    assert "no answer within 1 seconds" in refused(mariadb, name="slow", seconds=1)


def test_a_connection_that_breaks_is_told(shop: Shop) -> None:
    shop.make(OLD)
    source = open_database(shop.table(), said())
    if shop.is_postgres:
        shop.run(f"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{READER}'")
    else:
        number = source.connection.exec_driver_sql("select connection_id()").scalar()
        shop.run(f"kill {number}")
    with pytest.raises(SourceError, match=r"the connection broke while it was read .* Nothing was changed\. Try again"):
        list(source.blocks())


def test_a_driver_that_is_missing_is_told_with_the_command_that_installs_it(postgres: Shop) -> None:
    text = refused(postgres, url="mssql://reader:secret@127.0.0.1/sales")
    assert re.search(r"its driver pymssql is not installed\. Run: \S+python\S* -m pip install 'lgs-bi\[mssql\]'$", text)
    assert "there is no driver for db2" in refused(postgres, url="db2://reader:secret@127.0.0.1/sales")


def test_an_option_that_the_driver_does_not_know_is_told(shop: Shop) -> None:
    assert "colour" in refused(shop, url=with_reader(shop, query={"colour": "red"}))


def test_a_database_without_a_snapshot_is_read_with_a_warning(
    database: Database, postgres: Shop, tmp_path: Path
) -> None:
    path = tmp_path / "shop.db"
    lite = Shop(create_engine(f"sqlite:///{path}").url)
    engine = create_engine(lite.admin, poolclass=NullPool)
    with engine.begin() as connection:
        kinds = "invoice_no text, stock_code text, description text, quantity integer, invoice_date datetime, "
        connection.exec_driver_sql(f"create table retail ({kinds} unit_price real, customer_id integer, country text)")
    lite.add(OLD)
    done = read(database, lite, url=str(lite.admin))
    assert (done.lines_kept, done.form) == (3, "sqlite table")
    assert any("lgs knows no snapshot" in text for text in done.account["warnings"])


@pytest.mark.parametrize(
    "text", ["postgresql://reader:p@ss@db/sales", "postgresql://reader:secret@db:port/sales", "x y://"]
)
def test_a_url_that_cannot_be_read_is_not_quoted(text: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be read\. Write it as postgresql") as caught:
        path_or_url(text)
    assert "secret" not in str(caught.value)
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(source=text)


def test_a_url_as_text_has_nothing_that_is_secret() -> None:
    url = DatabaseUrl.read("mysql://reader:secret@db.example/sales?ssl_key=secret")
    settings = load_settings(source="mysql://reader:secret@db.example/sales?ssl_key=secret")
    assert str(url) == "mysql+pymysql://reader@db.example/sales?..."
    assert "secret" not in f"{url!r}{settings!r}{settings.source}"


def test_a_password_is_put_into_a_url_that_has_none() -> None:
    with_none = DatabaseUrl.read("postgresql://reader@db/sales")
    assert with_none.with_password("a%40b@c/d").parts.password == "a%40b@c/d"
    assert DatabaseUrl.read("postgresql://reader:own@db/sales").with_password("other").parts.password == "own"


def test_a_source_on_a_receipt_is_found_again() -> None:
    url, table = table_of("postgresql://reader@db:5433/sales#archive.sales") or (None, "")
    assert (str(url), table) == ("postgresql://reader@db:5433/sales", "archive.sales")
    assert table_of("/srv/retail.sql.gz") is None
    with pytest.raises(UsageError, match="Name it to read it again: lgs refresh --source URL, or set LGS_SOURCE"):
        table_of("postgresql://reader@db/sales?...#retail")


@pytest.mark.parametrize("text", ["retail.sql.gz", "/srv/2011-12-09.csv", "C:/retail.csv"])
def test_all_else_is_a_path(text: str) -> None:
    assert path_or_url(text) == Path(text)
