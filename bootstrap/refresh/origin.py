"""Where a refresh takes its lines from: what is named, what was before, and whether that is the same."""

from pathlib import Path

from bootstrap.database import Database, Origin
from bootstrap.errors import SourceError
from bootstrap.lines import How, Opened, lines
from bootstrap.refresh.receipt import Receipt


def named(source: Origin | None, how: How | None, last: Receipt | None) -> tuple[Origin | None, How]:
    """The named source, else the last one if its file is still there, else ``None``: what is loaded is kept.

    And how to read it: as is said now, or as the same file was read before.
    """
    how = how or unsaid()
    if last is None and source is None:
        raise SourceError("There is nothing to load yet. Name the file: lgs refresh --source PATH, or set LGS_SOURCE.")
    if last and (source is None or name_of(source) == last.source) and how.says_nothing:
        how = lines().remembered(last.account)
    path = source or (Path(last.source) if last and not last.is_append and Path(last.source).is_file() else None)
    return path, how


def name_of(origin: Origin) -> str:
    """What a receipt calls it."""
    return str(origin.absolute() if isinstance(origin, Path) else origin)


def opened(origin: Origin, how: How) -> Opened:
    return lines().open_database(origin, how) if isinstance(origin, Database) else lines().open(origin, how)


def is_same(origin: Origin, how: How, last: Receipt, *, append: bool) -> bool:
    """Whether the file is the one of the receipt, and would be read in the same way. A database has to be read."""
    if append != last.is_append or how != lines().remembered(last.account):
        return False
    return isinstance(origin, Path) and origin.is_file() and lines().sha256(origin) == last.sha256


def unsaid() -> How:
    return lines().said(None, dates=None, only=(), skip=())
