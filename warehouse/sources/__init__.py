"""Reads what was handed over, as a stream and as text. Nothing in a file is ever run."""

from pathlib import Path

from bootstrap.errors import SourceError
from warehouse.sources.columns import COLUMNS
from warehouse.sources.dump import open_dump
from warehouse.sources.source import Reject, Source

__all__ = ["COLUMNS", "Reject", "Source", "SourceError", "open_source"]


def open_source(path: Path) -> Source:
    """Look at the file and return the reader of its form.

    Raises ``SourceError`` when it is missing, unreadable, empty, or none of the forms.
    """
    if not path.exists():
        raise SourceError("there is no such file. Check the path.", path=path)
    if path.is_dir():
        raise SourceError("is a directory. Name the file in it.", path=path)
    return open_dump(path)
