"""Reading takes the same memory however long the file is."""

import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY
from tests.warehouse.shop import HEADER, ROWS, copy_text, csv_text, write, write_xlsx

READ = """
import re, sys
from pathlib import Path
from warehouse.sources import open_source
source = open_source(Path(sys.argv[1]))
for block in source.blocks():
    pass
print(source.lines_read, re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def inserts(rows):
    values = [", ".join("NULL" if v is None else "'" + v.replace("'", "''") + "'" for v in row) for row in rows]
    return copy_text([]).partition("COPY")[0] + "".join(
        f"INSERT INTO public.retail VALUES ({row});\n" for row in values
    )


MAKERS = {
    "retail.sql.gz": lambda path, times: write(path, copy_text(ROWS * times)),
    "retail.csv.gz": lambda path, times: write(path, csv_text(ROWS * times)),
    "inserts.sql.gz": lambda path, times: write(
        path, inserts(ROWS * times).replace("complete", "") + copy_text([])[-50:]
    ),
    "retail.xlsx": lambda path, times: write_xlsx(path, {"Lines": [HEADER, *ROWS * (times // 20)]}),
}


def read(path):
    """Lines read, and the most memory used on the way, in KiB."""
    done = subprocess.run(
        [sys.executable, "-c", READ, path], capture_output=True, text=True, cwd=REPOSITORY, check=True
    )
    return tuple(map(int, done.stdout.split()))


@pytest.mark.parametrize("name", MAKERS)
def test_memory_is_flat(tmp_path, name):
    short_lines, short_memory = read(MAKERS[name](tmp_path / name, 1_000))
    long_lines, long_memory = read(MAKERS[name](tmp_path / name, 10_000))
    assert long_lines == 10 * short_lines
    assert long_memory < short_memory + 8 * 1024
