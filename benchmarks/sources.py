"""Other forms of the real dump, made from it: INSERT statements as pg_dump --inserts writes them."""

import gzip
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

_COPY = "COPY public.retail"
_TEXT = (True, True, True, False, True, False, False, True)


def inserts(dump: Path, target: Path, *, lines: int | None = None) -> int:
    """Write the first ``lines`` lines of a gzipped COPY dump (all, without) as one INSERT per line; return how many."""
    count = 0
    with gzip.open(dump, "rt", encoding="utf-8", newline="\n") as source, target.open("w", encoding="utf-8") as file:
        for head in source:
            if head.startswith(_COPY):
                break
            file.write(head)
        for row in islice(_rows(source), lines):
            values = ", ".join(map(_literal, row, _TEXT))
            file.write(f"INSERT INTO public.retail VALUES ({values});\n")
            count += 1
        file.write("\n\n--\n-- PostgreSQL database dump complete\n--\n\n")
    return count


def _rows(source: Iterator[str]) -> Iterator[list[str]]:
    for line in source:
        if line == "\\.\n":
            return
        yield line.rstrip("\n").split("\t")


def _literal(value: str, is_text: bool) -> str:
    if value == "\\N":
        return "NULL"
    plain = value.replace("\\\\", "\\").replace("'", "''")
    return f"'{plain}'" if is_text else value
