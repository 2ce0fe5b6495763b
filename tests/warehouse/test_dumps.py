"""Dumps of real servers: several databases, schemas and tables, partitions, odd names, and dumps of other products."""

import random
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from bootstrap.errors import SourceError
from tests.warehouse.shop import (
    DUMP_HEAD,
    DUMP_TAIL,
    HEADER,
    ROWS,
    ask,
    copy_text,
    copy_value,
    pg_dump,
    run_load,
    write,
)
from warehouse.maps import Map
from warehouse.sources import open_source

CASES = Path(__file__).parents[1] / "data" / "cases"
COLUMNS = ", ".join(HEADER)
ROW = "560100\t22633\tCHILDREN'S CUP\t2\t2011-01-01 10:00:00\t1.85\t13047\tUnited Kingdom\n"
VALUES = "('560100', '22633', 'CHILDREN''S CUP', 2, '2011-01-01 10:00:00', 1.85, 13047, 'United Kingdom')"
HEAD = DUMP_HEAD.format(version="16.10", price="numeric(10,3)").partition("CREATE")[0]
CREATE = "CREATE TABLE {} (\n" + ",\n".join(f"    {name} text DEFAULT ','::text" for name in HEADER) + "\n)"
OLD_PATH = HEAD.replace("SELECT pg_catalog.set_config('search_path', '', false)", "SET search_path = {}, pg_catalog")


def copy(table="public.retail", *, columns=COLUMNS, lines=ROW):
    return f"COPY {table} ({columns}) FROM stdin;\n{lines}\\.\n\n"


def insert(table="public.retail", *, columns=f" ({COLUMNS})", values=VALUES):
    return f"INSERT INTO {table}{columns} VALUES {values};\n"


def dump(*parts, head=HEAD):
    return head + "".join(parts) + DUMP_TAIL


def read(folder, text, **how):
    """The source of a file with ``text``, read to its end, and the rows that it gave."""
    source = open_source(write(folder / "dump.sql", text), Map(**how))
    rows = b"".join(source.blocks()).decode().splitlines()
    assert source.account.counted == source.account.lines_read == len(rows) + source.rejects.count
    return source, rows


def refused(folder, text, **how):
    with pytest.raises(SourceError) as caught:
        read(folder, text, **how)
    return str(caught.value)


def test_two_databases_in_one_file_are_refused_by_name(database):
    why = r"two databases with public.retail: shop and shop_test. Dump one, with pg_dump shop\."
    with pytest.raises(SourceError, match=why):
        run_load(database, CASES / "pg_dumpall.sql")


@pytest.mark.parametrize("name", ["other-table-with-bracket.sql", "quoted-bracket-extra.sql"])
def test_a_bracket_in_a_name_costs_no_line(database, name):
    assert run_load(database, CASES / name).lines_kept == 3
    assert ask(database, "select sum(amount) from warehouse.line")[0][0] == Decimal("11.10")


def test_partitions_are_read_as_their_table(database):
    done = run_load(database, CASES / "partitioned.sql")
    assert (done.lines_kept, [str(month) for month in done.months_changed]) == (6, ["2011-01-01", "2011-02-01"])


@pytest.mark.parametrize("name", ["mysqldump.sql", "mysqldump-even.sql"])
def test_a_dump_of_mysql_is_refused(database, name):
    with pytest.raises(
        SourceError, match=r"is a dump of MySQL, .* mysql --batch -e 'select \* from TABLE' DATABASE > "
    ):
        run_load(database, CASES / name)


CONNECTS = [
    "\\connect shop_test\n",
    "\\c shop_test\n",
    '\\connect "shop_test"\n',
    "\\connect -reuse-previous=on \"dbname='shop_test'\"\n",
]


@pytest.mark.parametrize("connect", CONNECTS)
@pytest.mark.parametrize("make", [copy, insert])
def test_each_way_to_connect_begins_another_database(tmp_path, connect, make):
    text = "\\connect shop\n" + dump(make()) + connect + dump(make())
    assert "two databases with public.retail: shop and shop_test. Dump one, with pg_dump shop." in refused(
        tmp_path, text
    )


def test_a_database_without_transactions_does_not_matter(tmp_path):
    text = dump(copy("public.staff", columns="name", lines="Ann\n")) + "\\connect shop\n" + dump(copy())
    assert len(read(tmp_path, text)[1]) == 1
    full, empty = "\\connect shop\n" + dump(copy()), "\\connect shop_test\n" + dump(copy(lines=""))
    assert len(read(tmp_path, full + empty)[1]) == len(read(tmp_path, empty + full)[1]) == 1


def test_names_of_databases_may_hold_anything(tmp_path):
    odd = '\\connect -reuse-previous=on "dbname=\'my ""odd"" shop\'"\n' + dump(copy())
    odder = "\\connect -reuse-previous=on \"dbname='sh=op\\'s'\"\n" + dump(copy())
    assert 'public.retail: my "odd" shop and sh=op\'s.' in refused(tmp_path, odd + odder)


@pytest.mark.parametrize("make", [copy, insert])
def test_two_dumps_in_one_file_are_refused(tmp_path, make):
    why = "two dumps in one file, both with public.retail. Load one of them."
    assert why in refused(tmp_path, dump(make()) * 2)
    assert len(read(tmp_path, dump(make(), make()))[1]) == 2


def test_a_search_path_tells_tables_of_one_name_apart(tmp_path):
    text = (
        OLD_PATH.format("shop") + copy("retail") + "SET search_path = test, pg_catalog;\n" + copy("retail") + DUMP_TAIL
    )
    assert "two tables of transactions: shop.retail and test.retail" in refused(tmp_path, text)
    assert read(tmp_path, text, only="test.retail")[0].account.parts == {"test.retail": 1}
    other = dump("SELECT pg_catalog.set_config('search_path', 'shop', false);\n", copy("retail"), copy("test.retail"))
    assert "two tables of transactions: shop.retail and test.retail" in refused(tmp_path, other)
    assert read(tmp_path, dump(insert("retail")))[0].account.parts == {"retail": 1}


NAMES = ["Cost (GBP)", 'a""b;', "x.y", "from stdin", "it's", "values", "--", "/* no", "$$", "a, b", "Preis in €"]


@pytest.mark.parametrize("name", NAMES)
def test_a_quoted_name_may_hold_anything(tmp_path, name):
    column, columns = f'"{name}"', f'{COLUMNS}, "{name}"'
    other = copy(f'public."{name}"', columns=f'a, "{name}"', lines="it's\t(;\n")
    alter = f'ALTER TABLE public."{name}" ALTER COLUMN {column} SET NOT NULL;\n'
    copies = dump(alter, other, copy(columns=columns, lines=ROW.replace("\n", "\tit's\n")))
    values = VALUES.replace("Kingdom')", "Kingdom', 'it''s')")
    create = CREATE.format("public.retail").removesuffix("\n)") + f",\n    {column} text CHECK ({column} <> ')')\n);\n"
    inserts = dump(
        insert(f'public."{name}"', columns=f" ({column})", values="(';')"),
        insert(columns=f" ({columns})", values=values),
    )
    for text in (copies, inserts, dump(create, alter, insert(columns="", values=values))):
        source, rows = read(tmp_path, text)
        assert [row.split("\t", 1)[1] + "\n" for row in rows] == [ROW]
        assert "column " + name.replace('""', '"') + " of public.retail" in source.account.left_out


ODD = [
    "COPY public.retail (invoice_no, stock_code FROM stdin;\n",
    "COPY public.stock a b FROM stdin;\n",
    "copy from stdin;\n",
]


@pytest.mark.parametrize("head", ODD)
def test_a_copy_that_cannot_be_understood_is_never_skipped(tmp_path, head):
    text = dump(head, "1\tit's\n\\.\n\n", copy())
    assert "dump.sql, line 13: this COPY cannot be understood" in refused(tmp_path, text)


def test_an_insert_that_cannot_be_understood_stops_only_with_our_columns(tmp_path):
    odd = insert(columns=f" AS r ({COLUMNS})")
    assert "line 13: this INSERT cannot be understood" in refused(tmp_path, dump(odd, insert()))
    assert "this INSERT cannot be understood" in refused(tmp_path, dump(f"INSERT INTO a SELECT {COLUMNS} FROM b;\n"))
    assert len(read(tmp_path, dump("INSERT INTO log SELECT 1;\nINSERT INTO x AS y VALUES (1);\n", insert()))[1]) == 1


ATTACH = "ALTER TABLE ONLY {} ATTACH PARTITION {} FOR VALUES FROM ('2011-01-01') TO ('2011-02-01');\n"
PARTITIONED = CREATE.format("shop.retail") + "\nPARTITION BY RANGE (invoice_date);\n"
PARTS = {
    "attached": [
        PARTITIONED + CREATE.format("shop.y") + "\nPARTITION BY LIST (country);\n",
        CREATE.format('shop."Y (1)"')
        + ";\n"
        + ATTACH.format("shop.y", 'shop."Y (1)"')
        + ATTACH.format("shop.retail", "shop.y"),
    ],
    "partition of": [
        PARTITIONED,
        "CREATE TABLE shop.\"Y (1)\" PARTITION OF shop.retail\nFOR VALUES FROM ('1') TO ('2');\n",
    ],
    "inherits": [CREATE.format("shop.retail") + ";\n", 'CREATE TABLE shop."Y (1)" (\n)\nINHERITS (shop.retail);\n'],
}


@pytest.mark.parametrize("kind", PARTS)
@pytest.mark.parametrize("make", [copy, insert])
def test_every_kind_of_part_is_read_as_the_whole(tmp_path, kind, make):
    rows = [make("shop.retail"), make('shop."Y (1)"'), make('shop."Y (1)"')]
    if make is insert:
        rows.append(insert('shop."Y (1)"', columns=""))
    source, found = read(tmp_path, dump(*PARTS[kind], *rows))
    assert (source.account.parts, len(found)) == ({"shop.retail": len(rows)}, len(rows))
    assert read(tmp_path, dump(*PARTS[kind], *rows), skip="Y (1)")[0].account.parts == {"shop.retail": 1}


def test_a_table_that_comes_near_has_to_be_left_out_by_name(tmp_path):
    seven = copy("public.old", columns=COLUMNS.replace(", country", ""), lines=ROW.replace("\tUnited Kingdom", ""))
    for text in (dump(seven, copy()), dump(copy(), seven)):
        why = refused(tmp_path, text)
        assert "public.old" in why
        assert why.endswith("but has no country. Say --skip public.old to leave it out.")
        for how in ({"skip": "old"}, {"skip": "public.old"}, {"only": "retail"}):
            assert read(tmp_path, text, **how)[0].account.left_out["table public.old"].startswith("left out")
    assert len(read(tmp_path, dump(seven.replace(ROW.replace("\tUnited Kingdom", ""), ""), copy()))[1]) == 1


def test_of_two_whole_tables_one_has_to_be_named(tmp_path):
    text = dump(copy(), insert("public.old"))
    why = (
        "two tables of transactions: public.retail and public.old. Name the one to read with --only, or have one dumped"
    )
    assert why + " with pg_dump --table." in refused(tmp_path, text)
    assert read(tmp_path, text, only="old")[0].form == "INSERT dump"
    assert read(tmp_path, text, skip="old")[0].form == "COPY dump"


FOREIGN = {
    "-- MariaDB dump 10.19\n": "MySQL",
    "/*!40101 SET NAMES utf8 */;\n": "MySQL",
    "-- phpMyAdmin SQL Dump\n": "MySQL",
    "/*M!999999\\- enable the sandbox mode */\n": "MySQL",
    f"SET NAMES utf8;\nINSERT INTO `retail` ({COLUMNS}) VALUES {VALUES};\n": "MySQL",
    "CREATE TABLE IF NOT EXISTS `retail` (`invoice_no` text);\n": "MySQL",
    f"USE [shop]\nGO\nINSERT [dbo].[retail] ({COLUMNS}) VALUES {VALUES}\nGO\n": "SQL Server",
    "/****** Object:  Table [dbo].[retail]    Script Date: 01/01/2024 ******/\n": "SQL Server",
}


@pytest.mark.parametrize("start", FOREIGN)
def test_dumps_of_other_products_are_refused(tmp_path, start):
    assert f" of {FOREIGN[start]}, which writes texts differently. Export " in refused(tmp_path, start + dump(copy()))


def test_text_that_looks_like_another_product_is_only_text(tmp_path):
    assert len(read(tmp_path, dump(copy(lines=ROW + "-- MySQL dump" + ROW)))[1]) == 2


def test_a_reject_is_the_row_as_it_is_in_the_file(database, tmp_path):
    row = "('560100',  lower('CHILDREN''S  CUP') /* \t */,\n 1, 2, '3', 4, 5,  E'\\\\6')"
    done = run_load(database, write(tmp_path / "retail.sql", dump(insert(), insert(values=row))), max_rejects=1)
    assert (done.lines_read, done.rejected) == (2, {"an expression instead of a value": 1})
    assert ask(database, "select line_number, text from landing.reject") == [(14, row)]


def test_null_and_the_text_null_are_told_apart(tmp_path):
    values = VALUES.replace("'22633'", "'NULL'").replace("13047", "NULL").replace("'CHILDREN''S CUP'", "''")
    for text in (dump(insert(values=values)), dump(insert(values=values.replace("('5601", "(E'5601")))):
        (row,) = read(tmp_path, text)[1]
        assert row.split("\t")[2:4] + row.split("\t")[7:8] == ["NULL", "", "\\N"]


def test_a_currency_comes_last_and_a_column_without_a_source_is_null(tmp_path):
    columns = COLUMNS.replace("country", "currency")
    for text in (dump(copy(columns=columns)), dump(insert(columns=f" ({columns})"))):
        source, (row,) = read(tmp_path, text, columns={"country": None})
        assert source.columns == (*HEADER, "currency")
        assert row.split("\t")[7:] == ["13047", "\\N", "United Kingdom"]


def test_an_encoding_that_is_said_goes_before_the_one_in_the_dump(tmp_path):
    text = dump(copy(lines=ROW.replace("CUP", "CAF\u00c9")))
    path = write(tmp_path / "dump.sql", text, "cp1252")
    source = open_source(path, Map(encoding="cp1252"))
    assert "CAF\u00c9" in b"".join(source.blocks()).decode()
    assert source.account.decisions[0] == "encoding CP1252, as the map says"


@pytest.mark.parametrize("make", [copy, insert])
def test_a_dump_that_was_cut_between_statements_is_refused(tmp_path, make):
    assert "does not end as pg_dump ends it" in refused(tmp_path, dump(make(), make()).removesuffix(DUMP_TAIL))


@pytest.mark.parametrize("seed", range(6))
def test_inserts_say_what_copy_says_whatever_they_look_like(tmp_path, seed):
    """Rows on a line each are read by the hundred, others one by one; the same lines come out."""
    chance = random.Random(seed)
    words = ["CUP", "'", "''", ", ", "\\", "NULL", "null", "\t", "\n", ");\n(", "--", "/*", "E'", "", "é", "$$", "12"]
    texts = ["".join(chance.choices(words, weights=[40, *[1] * 16], k=chance.randrange(4))) for _ in range(3000)]
    rows = [("1", "2", text or None, "3", "2011-01-01", "4", "5", text) for text in texts]
    lines = "".join("\t".join(map(copy_value, row)) + "\n" for row in rows)
    expected = [row.split("\t", 1)[1] for row in read(tmp_path, dump(copy(lines=lines)))[1]]
    literals = [["NULL" if v is None else "'" + v.replace("'", "''") + "'" for v in row] for row in rows]
    values = [f"({', '.join(row)})" for row in literals]
    for text in (
        "".join(insert(values=v) for v in values),
        insert(values="\n\t" + ",\n\t".join(values)),
        insert(values=",".join(values)),
    ):
        found = read(tmp_path, dump(text))[1]
        assert [row.split("\t", 1)[1] for row in found] == expected
        numbers = [int(row.split("\t", 1)[0]) for row in found]
        assert numbers == sorted(set(numbers))


def test_the_shop_is_the_same_with_its_rows_in_parts(database, tmp_path):
    run_load(database, write(tmp_path / "a.sql", copy_text(ROWS)))
    lines = ["".join("\t".join(map(copy_value, row)) + "\n" for row in rows) for rows in (ROWS[:9], ROWS[9:])]
    text = dump(*PARTS["attached"], copy("shop.retail", lines=lines[0]), copy('shop."Y (1)"', lines=lines[1]))
    assert run_load(database, write(tmp_path / "b.sql", text)).months_changed == []


@pytest.fixture
def partitioned(database):
    """A database where the shop's table is in partitions, one of which has partitions of its own."""
    columns = ", ".join(f"{name} {'timestamp' if name == 'invoice_date' else 'text'}" for name in HEADER)
    with closing(database.connect("admin")) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            "create schema shop; "
            f'create table shop.retail ({columns}, "Cost (GBP)" text) partition by range (invoice_date);'
            "create table shop.early partition of shop.retail for values from (minvalue) to ('2010-06-01')"
            " partition by list (country);"
            "create table shop.early_uk partition of shop.early for values in ('United Kingdom');"
            "create table shop.early_other partition of shop.early default;"
            'create table shop."Late (2010)" partition of shop.retail default'
        )
        values = ", ".join(["%s"] * len(HEADER))
        cursor.executemany(f"insert into shop.retail ({COLUMNS}) values ({values})", ROWS)
    return database


@pytest.mark.parametrize(
    "options", [[], ["--inserts"], ["--column-inserts"], ["--load-via-partition-root"]], ids=" ".join
)
def test_partitions_as_pg_dump_really_writes_them(partitioned, tmp_path, options):
    run_load(partitioned, write(tmp_path / "a.sql", copy_text(ROWS)))
    done = run_load(partitioned, pg_dump(partitioned.admin_url, tmp_path / "b.sql", "--schema=shop", *options))
    assert (done.lines_read, done.rejected, done.months_changed) == (len(ROWS), {}, [])


TIRING = {
    "comments that begin twice": "/*/*x*/ " * 130_000,
    "comments within one that does not end twice": "/* " + "/*x*/ " * 170_000,
    "a name of a database with blanks": "\\connect a" + " " * (1 << 20) + "b\n",
    "brackets that are not closed": "INSERT INTO a VALUES (" + "(x" * 1000 + ");\n",
    "columns that are not closed": "CREATE TABLE a (" + "(x)" * 300_000 + ";\n",
    "dollars": "SELECT " + "$a$ $b$" * 150_000 + ";\n",
    "from": "copy " + "from " * 200_000 + ";\n",
    "values": "insert " + "values " * 150_000 + ";\n",
    "names": 'ALTER TABLE "' + '""' * 500_000 + '" ADD x;\n',
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", TIRING)
def test_what_is_hard_to_read_is_read_at_once(tmp_path, name):
    assert len(read(tmp_path, dump(TIRING[name] + "\n", insert()))[1]) == 1
