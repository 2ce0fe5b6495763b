"""Plain pg_dump files: the data of the one table that has the shop's columns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bootstrap.errors import SourceError
from warehouse.sources import stream
from warehouse.sources.columns import Mapping, map_columns
from warehouse.sources.copy_lines import numbered
from warehouse.sources.encodings import decoded
from warehouse.sources.source import Source
from warehouse.sources.statements import Reader
from warehouse.sources.survey import Data, Survey

_VERSION = re.compile(rb"^-- Dumped from database version (\d+)", re.MULTILINE)
_SHORTEST_DIGITS = 12
_COMPLETE = b"PostgreSQL database dump complete"


@dataclass
class Dump(Source):
    """Walks over everything else in the file without running it."""

    table: str
    price: str | None

    @property
    def price_type(self) -> str | None:
        return self.price

    def blocks(self) -> Iterator[bytes]:
        survey = Survey(Reader(stream.blocks(self.path)), self.path)
        for data in survey.data():
            if data.is_shop and data.table != self.table:
                why = (
                    f"two tables of transactions: {self.table} and {data.table}. Have one dumped, with pg_dump --table."
                )
                raise SourceError(why, path=self.path, line=data.number)
            if data.table == self.table:
                yield from self._rows(survey, data)
            elif data.is_copy:
                pass_over(survey, data)

    def _rows(self, survey: Survey, data: Data) -> Iterator[bytes]:
        mapping = map_columns(data.columns, path=self.path)
        for number, block in survey.lines(data.table):
            text = utf8(block, survey.encoding, self.path, number)
            lines, rows = numbered(text, number, mapping, self._reject)
            self.lines_read += lines
            yield rows

    def _reject(self, number: int, reason: str, line: bytes) -> None:
        self.reject(number, reason, line.decode("utf-8", "replace"))


def open_dump(path: Path) -> Dump:
    """Find the table and how its prices are printed. Raises ``SourceError`` when there is none."""
    survey = Survey(Reader(stream.blocks(path)), path)
    for data in survey.data():
        if data.is_shop:
            form = "COPY dump" if data.is_copy else "INSERT dump"
            return Dump(path, form, data.table, _price_type(survey, data, path))
        if data.is_copy:
            pass_over(survey, data)
    raise survey.not_found()


def pass_over(survey: Survey, data: Data) -> None:
    """Read the data of another table away."""
    for _ in survey.lines(data.table):
        pass


def utf8(block: bytes, encoding: str, path: Path, number: int) -> bytes:
    """The block in UTF-8, checked. ``number`` is its first line."""
    text = decoded(block, encoding, path, number)
    return block if encoding == "utf-8" else text.encode()


def _price_type(survey: Survey, data: Data, path: Path) -> str | None:
    mapping: Mapping = map_columns(data.columns, path=path)
    column = data.columns[mapping.positions[5]]
    kind = survey.types.get(data.table, {}).get(column, "")
    found = _VERSION.search(stream.start(path))
    if found and int(found[1]) >= _SHORTEST_DIGITS:
        return None
    return next((name for name in ("real", "double precision") if kind.startswith(name)), None)
