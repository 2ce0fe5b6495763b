"""Reads source files as a stream and as text. Nothing in a file is ever run.

A file goes one way: recognised by its content, its columns mapped, its records read, and handed on as COPY text. What
the values mean is judged afterwards, in the database, from whole columns.
"""

import re
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

from bootstrap.errors import SourceError
from warehouse.maps import Map, load_map, said
from warehouse.maps.columns import COLUMNS
from warehouse.sources import stream
from warehouse.sources.csv_file import open_csv
from warehouse.sources.database_table import open_database
from warehouse.sources.dump import open_dump
from warehouse.sources.parquet_file import open_parquet
from warehouse.sources.source import Place, Source
from warehouse.sources.workbook import FORMS, open_workbook

__all__ = ["COLUMNS", "Map", "Place", "Source", "SourceError", "load_map", "open_database", "open_source"]

_AS_PLAIN = "Make a plain dump of it (pg_restore --file=retail.sql {name})."
_UNPACK = "Unpack it, or pack the file with gzip instead."
_AS_SHEET = "Save it as .xlsx (Excel Workbook), or as CSV."
_OLE = b"\xd0\xcf\x11\xe0"
_NOT_READ = {
    rb"PGDMP": f"is a dump in pg_dump's custom format. {_AS_PLAIN}",
    rb"SQLite format 3": "is an SQLite database. Export its table: "
    "sqlite3 -header -csv {name} 'select * from retail' > retail.csv.",
    rb"ARROW1": "is an Arrow file. Save it as Parquet or as CSV.",
    rb"%PDF": "is a PDF. Export the lines as CSV.",
    rb"BZh": f"is packed with bzip2. {_UNPACK}",
    rb"\xfd7zXZ": f"is packed with xz. {_UNPACK}",
    rb"\x28\xb5\x2f\xfd": f"is packed with zstd. {_UNPACK}",
    rb"7z\xbc\xaf": f"is a 7z archive. {_UNPACK}",
    rb"Rar!": f"is a RAR archive. {_UNPACK}",
    rb".{257}ustar": f"is a tar archive. If it is a dump: {_AS_PLAIN} If not, unpack it.",
    rb"Obj\x01": f"is an Avro file. {_AS_SHEET}",
    rb"\x00\x01\x00\x00Standard (?:Jet|ACE)": "is an Access database. Export its table as CSV.",
    rb"\s*(?i:<!doctype html|<html|<table|<meta)": f"is an HTML page, which many systems call .xls. {_AS_SHEET}",
    rb"\s*<\?xml": f"is an XML file. {_AS_SHEET}",
    rb"PK\x03\x04": "is a ZIP file within another packed file. Unpack it first.",
    rb".{,4000}?\x00{4}": f"is a binary file of a kind that is not read. {_AS_SHEET}",
}
_SQL = re.compile(
    r"\s*(--|/\*|\\[a-z]|(alter|begin|copy|create|delete|drop|insert|lock|pragma|select|set|start|truncate|use)\s)",
    re.IGNORECASE,
)
Form = tuple[Callable[[str], object], Callable[[Path, Map], Source]]
# What tells a form of text, and what opens it; the first that fits. All others are CSV.
TEXTS: list[Form] = [(_SQL.match, open_dump)]


def open_source(path: Path, how: Map | None = None) -> Source:
    """Look at the file and return the reader of its form; the name's ending does not matter.

    ``how`` is what a person says of it. Raises ``SourceError`` when it is missing, unreadable, empty, or none of the
    forms.
    """
    how = how or said()
    _check_file(path)
    if stream.begins(path, b"PAR1"):
        return open_parquet(path, how)
    if stream.begins(path, _OLE) or (stream.begins(path, stream.ZIP) and _is_workbook(path)):
        return open_workbook(path, how)
    start = stream.start(path)
    if not start.strip():
        raise SourceError("is empty. Load a file with transactions.", path=path)
    for mark, why in _NOT_READ.items():
        if re.match(mark, start, re.DOTALL):
            raise SourceError(why.format(name=path.name), path=path)
    text, _ = stream.text_of(start, how.encoding, path)
    return next((opened for fits, opened in TEXTS if fits(text)), open_csv)(path, how)


def _is_workbook(path: Path) -> bool:
    """Whether this ZIP archive is a workbook; else it must hold one file."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        why = f"the workbook is damaged, or the ZIP archive is ({error}). Save or copy it again."
        raise SourceError(why, path=path) from error
    is_workbook = not FORMS.keys().isdisjoint(names)
    if not is_workbook and len(names) != 1:
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        why = f"is a ZIP archive of {len(names)} files ({shown}), and not a workbook. "
        raise SourceError(f"{why}Unpack it and name the file to load.", path=path)
    return is_workbook


def _check_file(path: Path) -> None:
    with stream.reading(path):
        mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        why = "is a directory. Name the file in it."
        if (path / "toc.dat").exists():
            why = f"is a dump in pg_dump's directory format. {_AS_PLAIN}".format(name=path.name)
        raise SourceError(why, path=path)
    if not stat.S_ISREG(mode):
        raise SourceError("is not a regular file. Save what it gives into a file first.", path=path)
