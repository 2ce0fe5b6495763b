"""Mutated lines and files: never a traceback, never a partial state, and every line is kept or rejected."""

import gzip
from contextlib import closing, suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bootstrap.errors import SourceError
from tests.warehouse.shop import HEADER, ROWS, ask, copy_text, csv_text, hashes, quiet, run_load, write, write_xlsx
from warehouse.load import load
from warehouse.sources import open_source

FUZZ = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
JUNK = [
    "\t",
    "\n",
    '"',
    "'",
    "\\",
    "\\.",
    "\\N",
    "\0",
    "\r",
    ",",
    ";",
    "(",
    ")",
    "--",
    "/*",
    "*/",
    "$$",
    "NaN",
    "now",
    "é",
    "\ud7ff",
    "1e9",
    "E'",
    "\\ud83d",
    "\\U7FFFFFFF",
    "\\303",
]
INSERTS = copy_text([]).partition("COPY")[0] + "".join(
    f"INSERT INTO public.retail ({', '.join(HEADER)}) VALUES ("
    + ", ".join("NULL" if value is None else "'" + value.replace("'", "''") + "'" for value in row)
    + ");\n"
    for row in ROWS
)
TEXTS = {
    "retail.sql": copy_text(ROWS),
    "inserts.sql": INSERTS,
    "escapes.sql": INSERTS.replace("\\", "\\\\").replace(", '", ", E'"),
    "retail.csv": csv_text(ROWS),
}


@pytest.fixture(scope="module")
def held(module_database, tmp_path_factory):
    run_load(module_database, write(tmp_path_factory.mktemp("before") / "before.sql", copy_text(ROWS)))
    return module_database


def survives(database, path):
    """Load ``path`` and undo it: either it is refused, or every line is accounted for; what was there stays."""
    before = hashes(database)
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        with suppress(SourceError):
            done = load(cursor, open_source(path), max_rejects=1, progress=quiet())
            cursor.execute("select count(*) from landing.reject")
            assert cursor.fetchone() == (sum(done.rejected.values()),)
            cursor.execute("select count(*) from warehouse.line")
            assert cursor.fetchone() == (done.lines_kept,)
            assert done.lines_kept + sum(done.rejected.values()) == done.lines_read
            cursor.execute("select count(*), count(distinct line_number) from landing.line")
            landed, numbers = cursor.fetchone()
            assert landed == numbers <= done.lines_read
        connection.rollback()
    assert hashes(database) == before


mutation = st.tuples(
    st.sampled_from(["insert", "delete", "replace", "repeat", "cut"]),
    st.integers(0, 10**6),
    st.integers(1, 40),
    st.one_of(st.sampled_from(JUNK), st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
)


def mutated(text, mutations):
    for kind, place, length, junk in mutations:
        at = place % (len(text) + 1)
        text = {
            "insert": text[:at] + junk + text[at:],
            "delete": text[:at] + text[at + length :],
            "replace": text[:at] + junk + text[at + len(junk) :],
            "repeat": text[: at + length] + text[at:],
            "cut": text[:at] if length == 1 else text,
        }[kind]
    return text


@FUZZ
@given(name=st.sampled_from(sorted(TEXTS)), mutations=st.lists(mutation, min_size=1, max_size=6))
@example(name="retail.csv", mutations=[("insert", 300, 1, '"')])
@example(name="retail.sql", mutations=[("cut", 900, 1, "")])
def test_mutated_text_files(held, tmp_path, name, mutations):
    survives(held, write(tmp_path / name, mutated(TEXTS[name], mutations)))


@FUZZ
@given(
    name=st.sampled_from(sorted(TEXTS)),
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=8),
    is_packed=st.booleans(),
)
def test_flipped_bytes(held, tmp_path, name, flips, is_packed):
    data = bytearray(TEXTS[name].encode())
    if is_packed:
        data = bytearray(gzip.compress(bytes(data), mtime=0))
    for place, bits in flips:
        data[place % len(data)] ^= bits
    path = tmp_path / name
    path.write_bytes(bytes(data))
    survives(held, path)


field = st.one_of(
    st.none(),
    st.sampled_from(
        ["", " ", "1", "-1", "0", "1.5", "13085.0", "C489449", "2010-12-01 08:26:00", "12/1/2010 8:26", "infinity"]
    ),
    st.sampled_from(
        ["1e400", "9" * 60, "0x10", "1_000", "NaN", "-Infinity", "2010-13-01", "24:00", "now", "𝟏", "\u00a0"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
)


@FUZZ
@given(rows=st.lists(st.tuples(*[field] * 8), min_size=1, max_size=12), form=st.sampled_from(["sql", "csv", "xlsx"]))
def test_lines_of_anything(held, tmp_path, rows, form):
    path = tmp_path / f"retail.{form}"
    if form == "xlsx":
        survives(held, write_xlsx(path, {"Lines": [HEADER, *rows]}))
    else:
        survives(held, write(path, copy_text(rows) if form == "sql" else csv_text(rows, HEADER)))


@settings(FUZZ, max_examples=10)
@given(flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=4))
def test_flipped_bytes_of_a_workbook(held, tmp_path, flips):
    path = write_xlsx(tmp_path / "retail.xlsx", {"Lines": [HEADER, *ROWS]})
    data = bytearray(path.read_bytes())
    for place, bits in flips:
        data[place % len(data)] ^= bits
    path.write_bytes(bytes(data))
    survives(held, path)


def test_landing_is_empty_of_the_fuzz(held):
    assert ask(held, "select count(*) from landing.line") == [(len(ROWS),)]
