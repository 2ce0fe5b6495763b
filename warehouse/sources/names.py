"""What the statements of a dump are about: their tables, columns and types, and the settings that they make."""

import re
from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple

_QUOTED = r""""(?:[^"]++|"")*+"|'(?:[^']++|'')*+'"""
_NAME = r"""(?:"(?:[^"]++|"")*+"|[^\s".,();']++)"""
_TABLE = rf"{_NAME}(?:\s*+\.\s*+{_NAME})*+"
_ITEM = rf"""(?:[^()"',]++|{_QUOTED}|\((?:[^()"']++|{_QUOTED}|\((?:[^()"']++|{_QUOTED})*+\))*+\))"""
_COLUMNS = rf"\s*+(?P<columns>\((?:,|{_ITEM})*+\))?\s*+"
# Nowhere may two patterns share one run of blanks: to try each way of sharing a MiB of them takes hours.
_GRAMMAR = {
    "begun": r"-- PostgreSQL database dump\s*\Z",
    "ended": r"-- PostgreSQL database dump complete",
    "version": r"-- Dumped from database version (?P<value>\d+)",
    "connect": r"""\\c(?:onnect)?\s+(?:-reuse-\S+\s+)?(?:"?dbname=)?(?P<value>.*)""",
    "path": r"(?:set\s+search_path(?:\s*+=|\s+to)|select\s.*?set_config\('search_path', ')(?P<value>[^;)]*)",
    "escapes": r"set\s+standard_conforming_strings(?:\s*+=|\s+to)\s*+'?(?P<value>\w+)",
    "copy": rf"copy\s+(?P<table>{_TABLE}){_COLUMNS}from\s+stdin\b(?P<value>.*)",
    "odd copy": r"copy\b.*\bfrom\s+stdin\b",
    "insert": rf"insert\s+into\s+(?P<table>{_TABLE}){_COLUMNS}(?:overriding\s+\w+\s+value\s+)?values\Z",
    "odd insert": r"insert\b",
    "create": rf"create\s+(?:(?:unlogged|foreign)\s+)?table\s+(?:if\s+not\s+exists\s+)?(?P<table>{_TABLE})\s*+"
    rf"(?:partition\s+of\s+(?P<whole>{_TABLE}))?{_COLUMNS}(?:inherits\s*+\(\s*+(?P<parent>{_TABLE}))?",
    "attach": rf"alter\s+table\s+(?:only\s+)?(?P<whole>{_TABLE})\s+attach\s+partition\s+(?P<table>{_TABLE})",
}
_PATTERNS = {kind: re.compile(pattern, re.IGNORECASE | re.DOTALL) for kind, pattern in _GRAMMAR.items()}
_CONSTRAINTS = ("constraint", "primary", "unique", "check", "foreign", "exclude", "like")


class Statement(NamedTuple):
    """A statement, comment or command of psql; of no ``kind`` when it does not matter here.

    ``columns`` have their types where it says them. ``whole`` is what ``table`` is a part of. ``place`` is the number
    of the dump in the file, and the database.
    """

    kind: str
    text: bytes
    table: str
    whole: str
    columns: dict[str, str]
    value: str
    number: int = 0
    place: tuple[int, str] = (0, "")


@lru_cache(maxsize=16)
def read(statement: bytes) -> Statement:
    """What a statement says."""
    text = statement.decode("utf-8", "replace")  # what is cut to its beginning may end within a character
    for kind, pattern in _PATTERNS.items():
        if found := pattern.match(text):
            said = defaultdict(str, found.groupdict(""))
            table, whole = _joined(said["table"]), _joined(said["whole"] or said["parent"])
            return Statement(kind, statement, table, whole, _columns(said["columns"]), said["value"].strip(" \r\n;"))
    return Statement("", statement, "", "", {}, "")


def names_in(text: bytes) -> list[str]:
    """All that may be a name."""
    return re.findall(r"[^\W\d]\w*+", text.decode("utf-8", "replace"))


def _columns(text: str) -> dict[str, str]:
    columns = [re.match(rf"\s*+({_NAME})(.*)", item, re.DOTALL) for item in re.findall(f"{_ITEM}++", text[1:-1])]
    kept = [column for column in columns if column and column[1].lower() not in _CONSTRAINTS]
    return {_unquoted(column[1]): column[2].strip().lower() for column in kept}


def _joined(table: str) -> str:
    """``"public" . Retail`` as public.retail."""
    return ".".join(map(_unquoted, re.findall(_NAME, table)))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
