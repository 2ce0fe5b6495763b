"""Whatever cannot become a warehouse ends in one clear sentence, and leaves the warehouse as it was."""

import gzip
import os
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bootstrap.errors import SourceError
from tests.stack.places import open_folder
from tests.warehouse.shop import (
    HEADER,
    ROWS,
    SECOND_EDITION,
    ask,
    copy_text,
    csv_text,
    hashes,
    pg_dump,
    quiet,
    run_load,
    write,
    write_xlsx,
)
from warehouse.load import load
from warehouse.sources import open_source

CUT = "it is cut off"
COPY_LINE = f"COPY public.retail ({', '.join(HEADER)}) FROM stdin;\n"


def cut_gzip(folder: Path) -> Path:
    return _bytes(folder / "cut.sql.gz", gzip.compress(copy_text(ROWS).encode())[:-20])


def corrupt_gzip(folder: Path) -> Path:
    data = bytearray(gzip.compress(os.urandom(2000) + copy_text(ROWS * 50).encode()))
    data[len(data) // 2] ^= 0xFF
    return _bytes(folder / "corrupt.sql.gz", bytes(data))


def gzip_with_a_tail(folder: Path) -> Path:
    return _bytes(folder / "tail.sql.gz", gzip.compress(copy_text(ROWS).encode()) + b"and more")


def dump_cut_inside_copy(folder: Path) -> Path:
    return write(folder / "cut.sql", copy_text(ROWS).partition("581587\tPOST")[0])


def dump_cut_inside_a_line(folder: Path) -> Path:
    return write(folder / "cut.sql", copy_text(ROWS).partition("BUNTING")[0])


def dump_cut_inside_an_insert(folder: Path) -> Path:
    return write(folder / "cut.sql", f"INSERT INTO retail ({', '.join(HEADER)}) VALUES ('489434', '850")


def dump_cut_between_inserts(folder: Path) -> Path:
    head = copy_text([]).partition("COPY")[0]
    return write(
        folder / "cut.sql", f"{head}INSERT INTO public.retail VALUES ({', '.join(repr(v) for v in ROWS[0])});\n"
    )


def windows_1252_csv(folder: Path) -> Path:
    return write(folder / "a.csv", csv_text(ROWS), "cp1252")


def dump_that_is_not_utf8(folder: Path) -> Path:
    return write(folder / "a.sql", copy_text(ROWS), "latin-1")


def unknown_encoding(folder: Path) -> Path:
    return write(folder / "a.sql", copy_text(ROWS).replace("'UTF8'", "'KLINGON'"))


def encoding_that_is_none_of_text(folder: Path) -> Path:
    return write(folder / "a.sql", copy_text(ROWS).replace("'UTF8'", "'rot13'"))


def misspelt_column(folder: Path) -> Path:
    return write(folder / "a.csv", csv_text(ROWS, [*HEADER[:5], "Unit_Prise", *HEADER[6:]]))


def misspelt_column_in_a_dump(folder: Path) -> Path:
    return write(folder / "a.sql", copy_text(ROWS).replace("unit_price", "unit_prise"))


def missing_column_in_a_workbook(folder: Path) -> Path:
    return write_xlsx(folder / "a.xlsx", {"Lines": [SECOND_EDITION[:7], *[row[:7] for row in ROWS]]})


def two_columns_for_one_meaning(folder: Path) -> Path:
    return write(folder / "a.csv", csv_text([(*row, row[5]) for row in ROWS], [*SECOND_EDITION, "UnitPrice"]))


def two_tables_of_transactions(folder: Path) -> Path:
    text = copy_text(ROWS)
    return write(folder / "a.sql", text + text.replace("public.retail", "public.retail_old"))


def empty(folder: Path) -> Path:
    return write(folder / "a.sql", "")


def empty_gzip(folder: Path) -> Path:
    return write(folder / "a.csv.gz", "")


def header_alone(folder: Path) -> Path:
    return write(folder / "a.csv", csv_text([]))


def table_without_lines(folder: Path) -> Path:
    return write(folder / "a.sql", copy_text([]))


def dump_without_the_table(folder: Path) -> Path:
    text = (
        "CREATE TABLE public.staff (name text, born date);\nCOPY public.staff (name, born) FROM stdin;\nAnn\t\\N\n\\.\n"
    )
    return write(folder / "a.sql", text)


def dump_without_data(folder: Path) -> Path:
    return write(folder / "a.sql", copy_text(ROWS).partition("COPY")[0])


def some_other_text(folder: Path) -> Path:
    return write(folder / "letter.txt", "Dear Sir,\n\nplease find no data attached.\n" * 100)


def custom_format(folder: Path) -> Path:
    return _bytes(folder / "a.dump", b"PGDMP\x01\x0f\x00\x04\x08\x01\x01" + bytes(100))


def old_excel(folder: Path) -> Path:
    return _bytes(folder / "a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))


def directory(folder: Path) -> Path:
    (folder / "dumps").mkdir()
    return folder / "dumps"


def missing(folder: Path) -> Path:
    return folder / "nowhere.sql"


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def one_endless_line(folder: Path) -> Path:
    path = folder / "endless.sql.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(COPY_LINE.encode())
        for _ in range(40):
            file.write(b"x" * (1 << 20))
    return path


def endless_text_of_an_insert(folder: Path) -> Path:
    rows = f"INSERT INTO retail ({', '.join(HEADER)}) VALUES ('1', '2', '" + ("x" * 1023 + "\n") * (17 << 10)
    return write(folder / "endless.sql.gz", rows)


def one_line_of_json(folder: Path) -> Path:
    return write(folder / "retail.json", '[{"invoice": "' + "9" * 200_000 + '"}]')


def zip_of_something(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("2009.csv", csv_text(ROWS[:5]))
        archive.writestr("2010.csv", csv_text(ROWS[5:]))
    return folder / "a.zip"


def damaged_workbook(folder: Path) -> Path:
    path = write_xlsx(folder / "a.xlsx", {"Lines": [SECOND_EDITION, *ROWS]})
    return _bytes(path, path.read_bytes()[:-300])


def zip_bomb(folder: Path) -> Path:
    path = write_xlsx(folder / "a.xlsx", {"Lines": [SECOND_EDITION, *ROWS]})
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet2.xml", "w") as part,
    ):
        for _ in range(100):
            part.write(bytes(1 << 20))
    return path


def formulas(folder: Path) -> Path:
    rows = [(*row[:3], "=2*3", *row[4:]) for row in ROWS[:2]]
    return write_xlsx(folder / "a.xlsx", {"Lines": [SECOND_EDITION, *rows]})


def workbook_without_lines(folder: Path) -> Path:
    return write_xlsx(folder / "a.xlsx", {"Notes": [["nothing", "here"]]})


def options_of_copy(folder: Path) -> Path:
    return write(folder / "a.sql", copy_text(ROWS).replace("FROM stdin;", "FROM stdin WITH (FORMAT csv);"))


def _bytes(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


BAD = {
    cut_gzip: "gzip file is cut off",
    corrupt_gzip: "gzip file is damaged",
    gzip_with_a_tail: "gzip file is damaged",
    dump_cut_inside_copy: f"line 50: the file ends inside the data of table public.retail: {CUT}",
    dump_cut_inside_a_line: CUT,
    dump_cut_inside_an_insert: f"the file ends inside an INSERT: {CUT}",
    dump_cut_between_inserts: "does not end as pg_dump ends it, so it is cut off",
    windows_1252_csv: "line 25: byte 0xE8 is not UTF-8",
    dump_that_is_not_utf8: "line 50: byte 0xE8 is not UTF-8",
    unknown_encoding: "client_encoding KLINGON is not known",
    encoding_that_is_none_of_text: "client_encoding rot13 is not known",
    misspelt_column: "no column for unit_price; found Unit_Prise: did you mean it?",
    misspelt_column_in_a_dump: "no column for unit_price; found unit_prise: did you mean it?",
    missing_column_in_a_workbook: "[Lines]: no column for country; found Invoice, StockCode",
    two_columns_for_one_meaning: "two columns for unit_price: Price and UnitPrice",
    two_tables_of_transactions: "two tables of transactions: public.retail and public.retail_old",
    empty: "is empty",
    empty_gzip: "is empty",
    header_alone: "there are no lines in it",
    table_without_lines: "there are no lines in it",
    dump_without_the_table: "no table of transactions; tables found: public.staff",
    dump_without_data: "table public.retail has no data",
    some_other_text: "is no list of transactions: no line of the first 30 names columns",
    custom_format: "custom format. Make a plain dump of it (pg_restore --file=retail.sql a.dump)",
    old_excel: "it is an old Excel workbook (.xls)",
    directory: "is a directory. Name the file in it",
    missing: "there is no such file",
    pipe: "is not a regular file",
    one_endless_line: "a line, or a text in quotes, is longer than 16 MiB",
    endless_text_of_an_insert: "a line, or a text in quotes, is longer than 16 MiB",
    one_line_of_json: "is no list of transactions",
    zip_of_something: "is a ZIP archive of 2 files (2009.csv, 2010.csv), and not a workbook. Unpack it",
    damaged_workbook: "the workbook is damaged",
    zip_bomb: "would unpack to 100 MiB",
    formulas: "[Lines], line 2: quantity is a formula",
    workbook_without_lines: "is an Excel workbook without transactions: no column for invoice_no",
    options_of_copy: "has options that pg_dump does not write (WITH (FORMAT csv))",
}


@pytest.fixture(scope="module")
def held(module_database, tmp_path_factory):
    """A warehouse with lines in it, which no test here may change for good."""
    run_load(module_database, write(tmp_path_factory.mktemp("before") / "before.sql", copy_text(ROWS)))
    return module_database


def state(database):
    return (
        hashes(database),
        ask(database, "select * from landing.source"),
        ask(database, "select count(*) from warehouse.line"),
    )


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_bad_input_is_one_sentence_and_changes_nothing(held, tmp_path, make):
    before, path = state(held), make(tmp_path)
    with pytest.raises(SourceError) as refused:
        run_load(held, path)
    message = str(refused.value)
    assert BAD[make] in message
    assert str(path) in message.replace(" [Lines]", "")
    assert "Traceback" not in message
    assert refused.value.exit_code == 2
    assert message.rstrip()[-1] in ".)"
    assert state(held) == before


@pytest.mark.parametrize("name", ["retail.csv", "retail.sql.gz"])
def test_a_file_that_is_written_while_it_is_read_changes_nothing(held, tmp_path, name):
    text, before = csv_text if name.endswith("csv") else copy_text, state(held)
    source = open_source(write(tmp_path / name, text(ROWS)))
    assert source.sha256  # a refresh asks for it first: is there anything to do?
    write(source.path, text(ROWS[1:]))
    refused = pytest.raises(SourceError, match=rf"{name}: changed while it was read. Wait until it is written")
    with closing(held.connect()) as connection, connection.cursor() as cursor, refused:
        load(cursor, source, max_rejects=0, progress=quiet())
    assert state(held) == before


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read anything; so be somebody else for a while."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_a_file_without_the_right_to_read_it():
    with open_folder() as folder:
        path = write(folder / "secret.csv", csv_text(ROWS))
        path.chmod(0)
        with as_nobody(), pytest.raises(SourceError, match=r"secret.csv: cannot be read \(Permission denied\)"):
            open_source(path)


HOSTILE = """
DROP TABLE warehouse.line;
DROP SCHEMA landing CASCADE;
COPY public.retail FROM PROGRAM 'touch /tmp/hostile-copy-ran';
\\! touch /tmp/hostile-copy-ran
\\copy public.retail from program 'touch /tmp/hostile-copy-ran'
DO $do$ BEGIN EXECUTE 'drop table warehouse.line'; END $do$;
ALTER ROLE lgs_owner SUPERUSER;
/* COPY public.retail (invoice_no) FROM stdin; /* nested */
not data
\\.
*/
SELECT 'COPY public.retail (invoice_no) FROM stdin;
x
';
"""


def test_hostile_statements_are_never_run(held, tmp_path):
    before, ran = state(held)[0], Path("/tmp/hostile-copy-ran")
    evil = ("489434", "85048", "'); DROP TABLE warehouse.line; --", "1", "2009-12-01 07:45:00", "1", "13085", "France")
    text = copy_text([*ROWS, evil]).replace("COPY public", f"{HOSTILE}\nCOPY public", 1) + HOSTILE
    done = run_load(held, write(tmp_path / "hostile.sql", text))
    assert (done.lines_kept, [str(month) for month in done.months_changed]) == (len(ROWS) + 1, ["2009-12-01"])
    assert not ran.exists()
    assert ask(held, "select description from warehouse.line where description like '%DROP%'") == [(evil[2],)]
    assert ask(held, "select rolsuper from pg_roles where rolname = 'lgs_owner'") == [(False,)]
    run_load(held, write(tmp_path / "again.sql", copy_text(ROWS)))
    assert state(held)[0] == before


def test_bytes_that_copy_would_make_of_escapes_are_rejected(held, tmp_path):
    """COPY reads backslash x 0 0 as a byte that no text may have."""
    text = copy_text(ROWS).replace("PAPER BUNTING", "\\x00\\101 BUNTING")
    done = run_load(held, write(tmp_path / "a.sql", text), max_rejects=1)
    assert done.rejected == {"a backslash that pg_dump does not write": 1}


def test_a_real_dump_without_data_says_so(database, tmp_path):
    with closing(database.connect("admin")) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"create table retail ({', '.join(f'{column} text' for column in HEADER)})")
    path = pg_dump(database.admin_url, tmp_path / "schema.sql", "--schema-only", "--schema=public")
    with pytest.raises(SourceError, match=r"table public.retail has no data. Have it dumped with its data"):
        run_load(database, path)
