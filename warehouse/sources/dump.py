"""Plain pg_dump files: the data of the one table that has the shop's columns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bootstrap.errors import SourceError
from warehouse.sources import stream
from warehouse.sources.columns import COLUMNS, map_columns
from warehouse.sources.copy_lines import numbered
from warehouse.sources.encodings import codec
from warehouse.sources.insert_rows import NULL, InsertRows
from warehouse.sources.source import Source
from warehouse.sources.statements import Reader
from warehouse.sources.survey import Data, Survey

_VERSION = re.compile(rb"^-- Dumped from database version (\d+)", re.MULTILINE)
_ENCODING = re.compile(rb"^[ \t]*set\s+client_encoding\s*(?:=|to)\s*'?([\w-]+)", re.IGNORECASE | re.MULTILINE)
_FIRST_WITH_SHORTEST_DIGITS = 12
_BEGUN, _ENDED = b"-- PostgreSQL database dump\n", b"-- PostgreSQL database dump complete"


@dataclass
class Dump(Source):
    """Walks over everything else in the file without running it. ``table`` has the shop's columns."""

    table: str
    is_copy: bool
    encoding: str
    price: str | None
    last: int = 0

    def __post_init__(self) -> None:
        self.null = "\\N" if self.is_copy else NULL

    @property
    def price_type(self) -> str | None:
        return self.price

    def _blocks(self) -> Iterator[bytes]:
        survey = _survey(self.path, self.encoding)
        for data in survey.data():
            if data.is_shop:
                self._check(data)
            if data.table == self.table:
                yield from self._copied(survey, data) if data.is_copy else self._inserted(survey, data)
            elif data.is_copy:
                survey.pass_over(data)
        self._check_end(survey)

    def _copied(self, survey: Survey, data: Data) -> Iterator[bytes]:
        mapping = map_columns(data.columns, path=self.path)
        for number, block in survey.lines(data):
            lines, rows = numbered(block, number, mapping, self.rejects.add)
            self.lines_read += lines
            yield rows

    def _inserted(self, survey: Survey, data: Data) -> Iterator[bytes]:
        mapping = map_columns(data.columns, path=self.path)
        rows = InsertRows(survey.reader, data.head, mapping, self.path, self.rejects.add, self.last)
        yield from rows.blocks()
        self.lines_read, self.last = self.lines_read + rows.count, rows.last

    def _check(self, data: Data) -> None:
        if data.table != self.table:
            why = f"two tables of transactions: {self.table} and {data.table}. Have one dumped, with pg_dump --table."
            raise SourceError(why, path=self.path, line=data.number)
        if data.is_copy != self.is_copy:
            why = f"the data of {self.table} comes as COPY and as INSERT. Have it dumped again, in one form."
            raise SourceError(why, path=self.path, line=data.number)

    def _check_end(self, survey: Survey) -> None:
        """After INSERTs only the last comment tells whether the file is whole; COPY data has its own end."""
        if not self.is_copy and _BEGUN in stream.start(self.path) and _ENDED not in survey.reader.tail:
            why = "the file does not end as pg_dump ends it, so it is cut off. Have it dumped or copied again, wholly."
            raise SourceError(why, path=self.path, line=survey.reader.number)


def open_dump(path: Path) -> Dump:
    """Find the table and how its prices are printed. Raises ``SourceError`` when there is none."""
    start = stream.start(path)
    named = _ENCODING.search(start)
    encoding = codec(named[1].decode("ascii"), path) if named else "utf-8"
    survey = _survey(path, encoding)
    for data in survey.data():
        if data.is_shop:
            form = "COPY dump" if data.is_copy else "INSERT dump"
            return Dump(path, form, data.table, data.is_copy, encoding, _price_type(survey, data, start))
        if data.is_copy:
            survey.pass_over(data)
    raise survey.not_found()


def _survey(path: Path, encoding: str) -> Survey:
    return Survey(Reader(stream.text_blocks(path, encoding), path), path)


def _price_type(survey: Survey, data: Data, start: bytes) -> str | None:
    """Servers before 12 print ``real`` with nine digits, so that 6.95 reads 6.94999981."""
    column = data.columns[map_columns(data.columns, path=survey.path).positions[COLUMNS.index("unit_price")]]
    kind = survey.types.get(data.table, {}).get(column, "")
    version = _VERSION.search(start)
    if version and int(version[1]) >= _FIRST_WITH_SHORTEST_DIGITS:
        return None
    return next((name for name in ("real", "double precision") if kind.startswith(name)), None)
