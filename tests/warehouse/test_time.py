"""Reading takes twice the time for twice the file, whatever stands in it: each of these took minutes or hours."""

import pytest

from tests.warehouse.shop import HEADER, csv_text, write
from warehouse.sources import open_source

MIB = 1 << 20
BLANKS, LINES = " " * MIB, "\n" * MIB
HEAD = f"INSERT INTO retail ({', '.join(HEADER)}) VALUES"
ROW = "('1', '2', '3', '4', '2010-12-01', '5', '6', '7')"
INSERT = f"{HEAD} {ROW};\n"
TIRING = {
    "blank lines": (f"-- a dump{LINES}{INSERT}", 1),
    "insert of another table": (f"insert into x{BLANKS}y values (1);\n{INSERT}", 1),
    "insert without a table": (f"insert{BLANKS}{'values ' * 150_000};\n{INSERT}", 1),
    "copy without a table": (f"copy x{BLANKS}y from stdin;\n\\.\n{INSERT}", 1),
    "copy of another table": (f"copy x from stdin y{BLANKS}z;\n\\.\n{INSERT}", 1),
    "comment within a row": (INSERT.replace("'2'", "/* \n" * MIB + "*/ '2'"), 1),
    "text over many lines": (INSERT.replace("'3'", "E'" + "3\n" * MIB + "'"), 1),
    "rows on one line": (f"{HEAD}\n\t" + ",\t".join([ROW] * 20_000) + ";\n", 20_000),
    "lines in quotes": (csv_text([]) + '"a"\n' * 260_000, 260_000),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", TIRING)
def test_a_mebibyte_is_read_at_once(tmp_path, name):
    text, lines = TIRING[name]
    source = open_source(write(tmp_path / "retail", text))
    rows = sum(block.count(b"\n") for block in source.blocks())
    assert source.lines_read == lines
    assert (rows, source.rejects.count) == ((0, lines) if name == "lines in quotes" else (lines, 0))
