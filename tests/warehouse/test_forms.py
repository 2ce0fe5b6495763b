"""One shop, handed over in every form: each becomes the same warehouse."""

import csv
import gzip
import io
import zipfile
from contextlib import closing

import pandas
import pytest
from psycopg2 import Error, sql

from tests.warehouse.shop import (
    FIRST_EDITION,
    HEADER,
    ROWS,
    SECOND_EDITION,
    ask,
    copy_text,
    csv_text,
    hashes,
    pg_dump,
    run_load,
    write,
    write_xlsx,
)
from warehouse.sources import open_source


@pytest.fixture
def expected(database, tmp_path):
    """What the warehouse holds after the plain COPY dump."""
    run_load(database, write(tmp_path / "expected.sql", copy_text(ROWS)))
    return hashes(database)


def same(database, path, expected, *, form):
    """Load ``path`` and see that nothing has changed: the same content, so not one month is written."""
    done = run_load(database, path)
    assert (done.form, done.lines_read, done.lines_kept, done.rejected) == (form, len(ROWS), len(ROWS), {})
    assert done.months_changed == []
    assert hashes(database) == expected
    return done


def test_every_month_is_there_once(expected):
    assert [(str(month), lines) for month, lines, _, _ in expected] == [
        ("2009-12-01", 8),
        ("2010-02-01", 1),
        ("2010-04-01", 1),
        ("2010-12-01", 9),
        ("2011-12-01", 4),
    ]


@pytest.mark.parametrize("name", ["retail.sql", "retail.sql.gz", "no-ending"])
def test_copy_dump(database, tmp_path, expected, name):
    same(database, write(tmp_path / name, copy_text(ROWS)), expected, form="COPY dump")


def test_columns_that_are_padded_with_blanks_are_classified_alike(database, tmp_path):
    padded = [(row[0].ljust(10), row[1].ljust(12), *row[2:]) for row in ROWS]
    run_load(database, write(tmp_path / "plain.sql", copy_text(ROWS)))
    types = "select invoice_no, btrim(stock_code), line_type, is_product from warehouse.line order by line_id"
    expected = ask(database, types)
    run_load(database, write(tmp_path / "padded.sql", copy_text(padded)))
    assert ask(database, types) == expected


def test_windows_line_ends(database, tmp_path, expected):
    text = copy_text(ROWS).replace("\n", "\r\n")
    same(database, write(tmp_path / "windows.sql", text), expected, form="COPY dump")


def test_shuffled_lines(database, tmp_path, expected):
    same(database, write(tmp_path / "retail.sql", copy_text(ROWS[::-1])), expected, form="COPY dump")


def test_old_server_prints_nine_digits(database, tmp_path, expected):
    """Servers before 12 print a real with all the digits that it might have."""
    nine = {"6.95": "6.94999981", "2.1": "2.0999999", "-53594.36": "-53594.3594", "0.001": "0.00100000005"}
    rows = [(*row[:5], nine.get(row[5], row[5]), *row[6:]) for row in ROWS]
    text = copy_text(rows, version="9.6.24")
    assert "6.94999981" in text
    same(database, write(tmp_path / "old.sql", text), expected, form="COPY dump")


def test_dump_of_9_6_names_no_schema(database, tmp_path, expected):
    text = copy_text(ROWS, version="9.6.24").replace("public.retail", "retail")
    text = text.replace(
        "SELECT pg_catalog.set_config('search_path', '', false);", "SET search_path = shop, pg_catalog;"
    )
    same(database, write(tmp_path / "retail.sql", text), expected, form="COPY dump")


def test_dump_of_18_with_commands_of_psql(database, tmp_path, expected):
    text = copy_text(ROWS, version="18.1", price="double precision")
    text = text.replace(
        "SET statement_timeout", "\\restrict k3Y\n\nSET transaction_timeout = 0;\nSET statement_timeout", 1
    )
    same(database, write(tmp_path / "retail.sql", text + "\\unrestrict k3Y\n\n"), expected, form="COPY dump")


def test_old_double_precision(database, tmp_path, expected):
    """With all its digits, 6.95 reads 6.9500000000000002."""
    rows = [(*row[:5], f"{float(row[5]):.17g}", *row[6:]) for row in ROWS]
    text = copy_text(rows, version="10.23", price="double precision")
    assert "6.9500000000000002" in text
    same(database, write(tmp_path / "retail.sql", text), expected, form="COPY dump")


def test_two_copies_of_one_table(database, tmp_path, expected):
    """So a partitioned table is dumped with --load-via-partition-root."""
    head, rest = copy_text(ROWS[:9]).split("COPY", 1)
    text = head + "COPY" + rest + "COPY" + copy_text(ROWS[9:]).split("COPY", 1)[1]
    same(database, write(tmp_path / "retail.sql", text), expected, form="COPY dump")


def test_latin1_dump(database, tmp_path, expected):
    text = copy_text(ROWS).replace("client_encoding = 'UTF8'", "client_encoding = 'LATIN1'")
    same(database, write(tmp_path / "latin1.sql", text, "latin-1"), expected, form="COPY dump")


@pytest.fixture
def crowded(database):
    """A database where the shop's table stands in another schema, order and company."""
    with closing(database.connect("admin")) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            'create schema "the shop"; create role crowded_owner;'
            'create table "the shop"."Retail ""A""" (country text, customer_id integer, unit_price numeric(10, 3) '
            "default 0.0, invoice_date timestamp, note text default 'a;b', quantity integer check (quantity <> 0), "
            "description text, stock_code text, invoice_no text);"
            'create table "the shop".staff (name text, born date); insert into "the shop".staff values '
            "('COPY public.retail (x) FROM stdin;', '1980-01-01'), (E'\\\\.', null);"
            'create table "the shop".price (stock_code text, unit_price real, description text);'
            "create function \"the shop\".f() returns text language sql as $a$ select 'COPY x FROM stdin; -- '';' $a$;"
            "comment on table \"the shop\".staff is 'It''s ; /* not a comment ';"
            'alter table "the shop".staff owner to crowded_owner;'
        )
        columns = sql.SQL(", ").join(map(sql.Identifier, HEADER))
        statement = sql.SQL("insert into {} ({}) values (%s, %s, %s, %s, %s, %s, %s, %s)")
        cursor.executemany(statement.format(sql.Identifier("the shop", 'Retail "A"'), columns), ROWS)
    yield database
    with closing(database.connect("admin")) as connection, connection, connection.cursor() as cursor:
        cursor.execute("drop owned by crowded_owner cascade; drop role crowded_owner")


INSERTS = ["--inserts"], ["--column-inserts"], ["--rows-per-insert=3"], ["--inserts", "--on-conflict-do-nothing"]
OPTIONS = [
    [],
    ["--quote-all-identifiers"],
    ["--clean", "--if-exists", "--create"],
    ["--data-only", "--disable-triggers"],
]


@pytest.mark.parametrize(
    "options", [*OPTIONS, *INSERTS, ["--encoding=LATIN1"], ["--inserts", "--encoding=LATIN1"]], ids=" ".join
)
def test_what_pg_dump_really_writes(crowded, tmp_path, expected, options):
    path = pg_dump(crowded.admin_url, tmp_path / "dump.sql", "--schema=the shop", *options)
    form = "INSERT dump" if any("insert" in option for option in options) else "COPY dump"
    same(crowded, path, expected, form=form)


def test_insert_dump_of_old_escapes(database, tmp_path, expected):
    """With standard_conforming_strings off, backslashes in any string are escapes."""
    escapes = str.maketrans({"\\": "\\\\", "'": "\\'"})
    values = ", ".join(
        "(" + ", ".join("NULL" if v is None else f"'{v.translate(escapes)}'" for v in row) + ")" for row in ROWS
    )
    text = f"SET standard_conforming_strings = off;\ninsert into retail ({', '.join(HEADER)}) values {values};\n"
    same(database, write(tmp_path / "old.sql", text), expected, form="INSERT dump")


@pytest.mark.parametrize("blank", ["\n\t", " " * 10_000], ids=["a line for each row", "one line of 220,000 characters"])
def test_insert_dump_of_escape_strings(database, tmp_path, expected, blank):
    escapes = str.maketrans({"\\": "\\\\", "'": "''", "\n": "\\n"})
    values = f",{blank}".join(
        "(" + ", ".join("NULL" if v is None else f"E'{v.translate(escapes)}'" for v in row) + ")" for row in ROWS
    )
    text = f"INSERT INTO public.retail ({', '.join(HEADER)}) VALUES{blank}{values};\n"
    same(database, write(tmp_path / "escaped.sql", text), expected, form="INSERT dump")


ESCAPES = [
    r"caf\303\251", r"caf\xC3\xa9", r"\u00e9\U000000E9", r"\ud83d\ude00", r"\U0000d83d\ude00!", r"\501\x412",
    r"\b\f\n\r\t\v\a\x\9\'\\", "\\é",
]  # fmt: skip
NO_ESCAPES = [
    r"\U7FFFFFFF", r"\UFFFFFFFF", r"\U00110000", r"\ud83d", r"\ud83dx", r"\ude00\ud83d", r"\ud83d\355\270\200",
    r"\377", r"\303", r"\355\240\275", r"\u12", r"\U1234567",
]  # fmt: skip


def insert_of_escapes(escapes):
    rows = [f"('{number}', '2', E'{escape}', '1', '2010-12-01', '1', '1', '')" for number, escape in enumerate(escapes)]
    return f"INSERT INTO retail ({', '.join(HEADER)}) VALUES {', '.join(rows)};\n"


def test_an_escape_means_what_postgres_takes_it_for(database, tmp_path):
    done = run_load(database, write(tmp_path / "escapes.sql", insert_of_escapes(ESCAPES)))
    assert done.lines_kept == len(ESCAPES)
    (meant,) = ask(database, "select " + ", ".join(f"E'{escape}'" for escape in ESCAPES))
    assert [text for (text,) in ask(database, "select description from landing.line order by line_number")] == [*meant]


def test_an_escape_that_postgres_refuses_rejects_its_line(database, tmp_path):
    done = run_load(database, write(tmp_path / "escapes.sql", insert_of_escapes(NO_ESCAPES)), max_rejects=1)
    assert done.rejected == {"an escape that stands for no character": len(NO_ESCAPES)}
    for escape in NO_ESCAPES:
        with pytest.raises(Error, match="invalid"):
            ask(database, f"select E'{escape}'")


def test_packed_insert_dump(crowded, tmp_path, expected):
    path = pg_dump(crowded.admin_url, tmp_path / "dump.sql", "--schema=the shop", "--inserts")
    packed = write(tmp_path / "dump.sql.gz", path.read_text(encoding="utf-8"))
    same(crowded, packed, expected, form="INSERT dump")


@pytest.mark.parametrize("header", [FIRST_EDITION, SECOND_EDITION, HEADER], ids=["first", "second", "ours"])
@pytest.mark.parametrize("name", ["retail.csv", "retail.csv.gz"])
def test_csv_of_both_editions(database, tmp_path, expected, header, name):
    same(database, write(tmp_path / name, csv_text(ROWS, header)), expected, form="CSV")


def american(moment: str) -> str:
    """2010-12-01 08:26:00 as 12/1/2010 8:26."""
    date, time = moment.split(" ")
    year, month, day = map(int, date.split("-"))
    return f"{month}/{day}/{year} {time.removeprefix('0')[:-3]}"


def test_csv_as_spreadsheets_write_it(database, tmp_path, expected):
    """A byte order mark, Windows line ends, ids with a decimal, American dates, everything in quotes."""
    rows = [(*row[:4], american(row[4]), row[5], row[6] and f"{row[6]}.0", row[7]) for row in ROWS]
    assert rows[0][4:7] == ("12/1/2009 7:45", "6.95", "13085.0")
    text = "\ufeff" + csv_text(rows, quoting=1, lineterminator="\r\n")
    same(database, write(tmp_path / "sheet.csv", text), expected, form="CSV")


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_with_another_mark(database, tmp_path, expected, delimiter):
    same(database, write(tmp_path / "a.csv", csv_text(ROWS, delimiter=delimiter)), expected, form="CSV")


def test_csv_columns_in_another_order_and_company(database, tmp_path, expected):
    rows = [(row[7], "x", *row[:7], "") for row in ROWS]
    header = ("COUNTRY", "Comment", *SECOND_EDITION[:7], "Checked by")
    same(database, write(tmp_path / "a.csv", csv_text(rows, header)), expected, form="CSV")


def typed(row):
    """A row as a spreadsheet holds it: numbers and times, not text."""
    from datetime import datetime

    number = int(row[0]) if row[0].isdigit() else row[0]
    code = int(row[1]) if row[1].isdigit() else row[1]
    customer = float(row[6]) if row[6] else None
    return (number, code, row[2], int(row[3]), datetime.fromisoformat(row[4]), float(row[5]), customer, row[7])


def test_xlsx_with_one_sheet(database, tmp_path, expected):
    path = write_xlsx(tmp_path / "retail.xlsx", {"Lines": [SECOND_EDITION, *map(typed, ROWS)]})
    same(database, path, expected, form="XLSX")


def test_xlsx_with_a_sheet_per_year_and_notes(database, tmp_path, expected):
    sheets = {
        "Notes": [["Lines of the shop, one sheet per year"], ["", "checked"]],
        "Year 2009-2010": [SECOND_EDITION, *map(typed, ROWS[:10]), (), (None,) * 8],
        "Empty": [],
        "Year 2010-2011": [(), SECOND_EDITION, *map(typed, ROWS[10:])],
    }
    same(database, write_xlsx(tmp_path / "retail.xlsx", sheets), expected, form="XLSX")


@pytest.mark.realdata
def test_the_real_dump_and_the_real_csv_are_one(module_database, real_dump, real_csv):
    database = module_database
    done = run_load(database, real_dump)
    assert (done.lines_read, done.lines_kept, len(done.months_changed)) == (1_067_371, 1_067_371, 25)
    assert str(ask(database, "select sum(amount) from warehouse.line")[0][0]) == "19287250.568"
    expected = hashes(database)
    assert run_load(database, real_csv).months_changed == []
    assert hashes(database) == expected


@pytest.fixture(scope="module")
def real_rows(real_csv):
    with gzip.open(real_csv, "rt", encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def unquoted(rows, path):
    """As ``psql --no-align`` and ``bcp`` write it: 2,493 lines have a quote in a text."""
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8", newline="\n")


def german(rows, path):
    """As a German spreadsheet exports it, in an archive."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("retail.csv", "w") as packed,
        io.TextIOWrapper(packed, "utf-16", newline="") as file,
    ):
        writer = csv.writer(file, delimiter=";")
        writer.writerow(rows[0])
        for row in rows[1:]:
            day = f"{row[4][8:10]}.{row[4][5:7]}.{row[4][:4]} {row[4][11:]}"
            writer.writerow([*row[:4], day, row[5].replace(".", ","), *row[6:]])


def parquet(rows, path):
    frame = pandas.DataFrame(rows[1:], columns=rows[0])
    frame["InvoiceDate"] = pandas.to_datetime(frame["InvoiceDate"])
    numbers = {"Quantity": "int64", "Price": "float64"}
    frame = frame.astype(numbers).assign(**{"Customer ID": pandas.to_numeric(frame["Customer ID"])})
    frame.to_parquet(path)


@pytest.mark.realdata
@pytest.mark.parametrize("make", [unquoted, german, parquet], ids=lambda make: make.__name__)
def test_the_real_data_is_one_in_every_form(module_database, real_dump, real_rows, tmp_path, make):
    if not hashes(module_database):
        run_load(module_database, real_dump)
    make(real_rows, tmp_path / "retail")
    done = run_load(module_database, tmp_path / "retail")
    assert (done.lines_kept, done.rejected, done.months_changed) == (1_067_371, {}, [])


def test_the_source_says_what_it_is(tmp_path):
    source = open_source(write(tmp_path / "retail.csv", csv_text(ROWS)))
    assert (source.path.name, source.form, len(source.sha256)) == ("retail.csv", "CSV", 64)
