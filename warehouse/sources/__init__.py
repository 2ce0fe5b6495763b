"""Reads what was handed over, as a stream and as text. Nothing in a file is ever run."""

import os
import stat
from pathlib import Path

from bootstrap.errors import SourceError
from warehouse.sources import stream
from warehouse.sources.columns import COLUMNS
from warehouse.sources.csv_file import open_csv
from warehouse.sources.dump import open_dump
from warehouse.sources.source import Place, Source
from warehouse.sources.xlsx_file import open_xlsx

__all__ = ["COLUMNS", "Place", "Source", "SourceError", "open_source"]

_AS_PLAIN = "Make a plain dump of it: pg_restore --file=retail.sql FILE."
_NOT_OURS = {
    b"PGDMP": f"is a dump in pg_dump's custom format. {_AS_PLAIN}",
    b"\xd0\xcf\x11\xe0": "is an old or a protected Excel file. Save it as .xlsx without a password, or as CSV.",
    b"\xff\xfe": "is UTF-16 text. Save it as UTF-8.",
    b"\xfe\xff": "is UTF-16 text. Save it as UTF-8.",
    b"BZh": "is packed with bzip2. Unpack it, or pack it with gzip.",
    b"\xfd7zXZ": "is packed with xz. Unpack it, or pack it with gzip.",
    b"\x28\xb5\x2f\xfd": "is packed with zstd. Unpack it, or pack it with gzip.",
}
_TAR, _TAR_AT = b"ustar", 257
_ZIP = b"PK\x03\x04"


def open_source(path: Path) -> Source:
    """Look at the file and return the reader of its form; the name's ending does not matter.

    Raises ``SourceError`` when it is missing, unreadable, empty, or none of the forms.
    """
    _check_file(path)
    start = stream.start(path)
    if not start.strip():
        raise SourceError("is empty. Hand over a file with transactions.", path=path)
    for mark, why in _NOT_OURS.items():
        if start.startswith(mark):
            raise SourceError(why, path=path)
    if start[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        raise SourceError(f"is a tar archive. If it is a dump: {_AS_PLAIN} Else unpack it.", path=path)
    if start.startswith(_ZIP):
        if stream.is_gzip(path):
            raise SourceError("is a ZIP file packed with gzip. Unpack it first.", path=path)
        return open_xlsx(path)
    return open_csv(path) or open_dump(path)


def _check_file(path: Path) -> None:
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        raise SourceError("there is no such file. Check the path.", path=path) from None
    except OSError as error:
        raise SourceError(f"cannot be read ({error.strerror}). Check the path and its rights.", path=path) from error
    if stat.S_ISDIR(mode):
        raise SourceError("is a directory. Name the file in it.", path=path)
    if not stat.S_ISREG(mode):
        raise SourceError("is not a regular file. Save what it gives into a file first.", path=path)
