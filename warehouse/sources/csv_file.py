"""CSV files of both editions of the public data set, and what spreadsheets make of them."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from warehouse.sources import stream
from warehouse.sources.columns import COLUMNS, Mapping, fits, map_columns
from warehouse.sources.source import Source, copy_text

_DELIMITERS = ",;\t"
_ALIKE = len(COLUMNS) // 2
_SQL = re.compile(r"\s*(--|/\*|\\|(alter|begin|copy|create|drop|insert|select|set|start)\s)", re.IGNORECASE)
_SPECIAL = re.compile(r"[\\\t\r\0]")
_LONGEST_RECORD = 100  # lines that one quoted text may go over


@dataclass
class CsvFile(Source):
    """``header`` is the line that names the columns. Nothing and an empty text are the same."""

    delimiter: str
    header: int
    mapping: Mapping

    def __post_init__(self) -> None:
        self.null = ""

    def _blocks(self) -> Iterator[bytes]:
        number, left = 1, ""
        for block in stream.text_blocks(self.path):
            text = left + block.decode().replace("\r\n", "\n")
            lines = text.removesuffix("\n").split("\n")
            rows, used = self._rows(lines, number, is_last=False, is_special=_SPECIAL.search(text) is not None)
            number, left = number + used, "".join(line + "\n" for line in lines[used:])
            yield rows
        yield self._rows(left.removesuffix("\n").split("\n"), number, is_last=True, is_special=True)[0]

    def _rows(self, lines: list[str], first: int, *, is_last: bool, is_special: bool) -> tuple[bytes, int]:
        """COPY text of the lines, and how many of them were used: a record that goes on beyond them waits."""
        rows, index = [], max(0, self.header - first + 1)
        while index < len(lines):
            plain = self._plain(lines, index, is_special=is_special)
            if plain:
                numbered = enumerate(lines[index : index + plain], first + index)
                text = "".join([f"{number}{self.delimiter}{line}\n" for number, line in numbered])
                rows.append(text.replace(self.delimiter, "\t"))
                self.lines_read += plain
                index += plain
                continue
            count = _record(lines, index)
            if not count and not is_last:
                break
            row, used = self._row(lines[index : index + (count or 1)], first + index, is_whole=count > 0)
            rows.append(row)
            index += used
        return "".join(rows).encode(), index

    def _plain(self, lines: list[str], index: int, *, is_special: bool) -> int:
        """How many lines from ``index`` on need no more than another mark between their fields."""
        if not self.mapping.is_in_order:
            return 0
        separators, delimiter = self.mapping.width - 1, self.delimiter
        for stop in range(index, len(lines)):
            line = lines[stop]
            if '"' in line or line.count(delimiter) != separators or line.startswith(delimiter):
                return stop - index
            if is_special and _SPECIAL.search(line):
                return stop - index
        return len(lines) - index

    def _row(self, lines: list[str], number: int, *, is_whole: bool) -> tuple[str, int]:
        """One record as COPY text, and the lines it took: of several that make no sense together only the first."""
        try:
            fields = next(csv.reader([line + "\n" for line in lines], delimiter=self.delimiter, strict=True), [])
        except csv.Error:
            fields, is_whole = [""], False
        if is_whole and not any(fields):
            return "", len(lines)
        self.lines_read += 1
        reason = "" if is_whole else "a quote in the wrong place"
        if is_whole and len(fields) != self.mapping.width:
            reason = f"{len(fields)} columns instead of {self.mapping.width}"
        elif "\0" in lines[0]:
            reason = "a NUL character"
        if reason:
            self.rejects.add(number, reason, lines[0])
            return "", 1
        values = [copy_text(fields[position]) for position in self.mapping.positions]
        return "\t".join([str(number), *values]) + "\n", len(lines)


def _record(lines: list[str], index: int) -> int:
    """How many lines the record from ``index`` on has; 0 when its quotes are not closed by the last line.

    One that goes on for too long counts as one line, which cannot be right either.
    """
    quotes = 0
    for count, line in enumerate(lines[index : index + _LONGEST_RECORD], 1):
        quotes += line.count('"')
        if quotes % 2 == 0:
            return count
    return 1 if index + _LONGEST_RECORD <= len(lines) else 0


def open_csv(path: Path) -> CsvFile | None:
    """The file's reader; ``None`` when its first line names no columns of ours, so that it is no such CSV.

    Raises ``SourceError`` when the line names some of them but not all, or one twice.
    """
    lines = stream.start(path).decode("utf-8", "replace").removeprefix("\ufeff").splitlines()
    number = next((number for number, line in enumerate(lines, 1) if line.strip()), 1)
    line = lines[number - 1] if lines else ""
    names = {mark: _names(line, mark) for mark in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda mark: fits(names[mark]))
    if _SQL.match(line) or fits(names[delimiter]) < _ALIKE:
        return None
    return CsvFile(path, "CSV", delimiter, number, map_columns(names[delimiter], path=path))


def _names(line: str, delimiter: str) -> list[str]:
    """What the line names; nothing when it has a text longer than ``csv`` reads, as a whole file on one line has."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
