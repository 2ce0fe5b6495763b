"""CSV files in all dialects that spreadsheets, shop systems and database clients write."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from bootstrap.errors import SourceError
from warehouse.maps import Map
from warehouse.maps.columns import ALIKE, COLUMNS, Mapping, fits, map_columns, not_recognised
from warehouse.sources import quotes, stream
from warehouse.sources.source import Source

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_OTHERS = re.compile(r"[^\w\s\"'().#/+-]")
_SEP = re.compile(r"\s*sep=(\t|\S)\s*$", re.IGNORECASE)
_SPECIAL, _SPECIAL_TABBED = re.compile(r"[\\\t\r\0]"), re.compile(r"[\\\r\0]")
_FOOTER = re.compile(r"\(\d+ rows?( affected)?\)")
_HEAD = 30  # lines in which the one that names the columns is looked for


@dataclass
class CsvFile(Source):
    """Nothing and an empty text are the same. ``is_quoted`` is unknown until the first quote comes up.

    ``heading`` is the number of the line that names the columns, or of ``sep=``; else 0.
    """

    mapping: Mapping
    encoding: str
    newline: str
    delimiter: str
    heading: int
    is_quoted: bool | None
    null = ""

    def _blocks(self) -> Iterator[bytes]:
        self.account.leave_out_columns(self.mapping.left_out, self.path.name)
        special = _SPECIAL_TABBED if self.delimiter == "\t" else _SPECIAL
        number, left = 1, list[str]()
        for text in self._texts():
            self.account.counted += text.count("\n") + 1
            if self.is_quoted is None and '"' in text:
                self._judge_quotes()
            lines, has_special = left + text.split("\n"), left or special.search(text)
            rows, used = self._rows(lines, number, special if has_special else None)
            number, left = number + used, lines[used:]
            yield rows
        if left:
            yield self._rows(left, number, special, is_last=True)[0]

    def _texts(self) -> Iterator[str]:
        for block in stream.text_blocks(self.path, self.encoding, newline=self.newline.encode()):
            yield block.decode().replace("\r\n", "\n").removesuffix("\n")

    def _judge_quotes(self) -> None:
        blocks = (text.split("\n") for text in self._texts())
        first = next(blocks, [])[self.heading :]
        self.is_quoted = quotes.judge(chain([first], blocks), self.delimiter, self.mapping.width)
        if self.is_quoted is None:
            raise SourceError(
                "some texts are in quotes, and nothing tells whether the quotes belong to them. Say so in a map: "
                "quote: none, or quote: '\"'.",
                path=self.path,
            )
        self.account.decisions.append(
            "quotes around a value are not part of it" if self.is_quoted else "quotes are part of the values"
        )

    def _rows(
        self, lines: list[str], first: int, special: re.Pattern[str] | None, *, is_last: bool = False
    ) -> tuple[bytes, int]:
        """COPY text of the lines, and how many of them were used: a record that goes on beyond them waits.

        ``special`` finds characters that COPY text has to escape; ``None`` where there are none.
        """
        index = max(0, min(self.heading - first + 1, len(lines)))
        self.account.passed_over["lines down to the column names"] += index
        rows: list[str] = []
        while index < len(lines):
            number = first + index
            if plain := self._plain(lines, index, special):
                numbered = enumerate(lines[index : index + plain], number)
                text = "".join([f"{number}{self.delimiter}{line}\n" for number, line in numbered])
                rows.append(text.replace(self.delimiter, "\t"))
                self.account.parts[self.path.name] += plain
                index += plain
            elif found := self._record(lines, index, is_last=is_last):
                rows.append(self._row(found, lines[index : index + found.lines], number))
                index += found.lines
            else:
                break
        return "".join(rows).encode(), index

    def _plain(self, lines: list[str], index: int, special: re.Pattern[str] | None) -> int:
        """How many lines from ``index`` on need no more than another mark between their fields."""
        if not self.mapping.is_in_order or self.how.fill_down:
            return 0
        separators, delimiter, quote = self.mapping.width - 1, self.delimiter, '"' if self.is_quoted else "\n"
        for stop in range(index, len(lines)):
            line = lines[stop]
            if quote in line or line.count(delimiter) != separators or line.startswith(delimiter):
                return stop - index
            if special and special.search(line):
                return stop - index
        return len(lines) - index

    def _record(self, lines: list[str], index: int, *, is_last: bool) -> quotes.Record | None:
        if self.is_quoted and '"' in lines[index]:
            return quotes.record(lines, index, self.delimiter, self.mapping.width, is_last=is_last)
        return quotes.Record(lines[index].split(self.delimiter))

    def _row(self, found: quotes.Record, lines: list[str], number: int) -> str:
        """One record as COPY text; nothing for a blank one and for one that is set aside."""
        passed_over = self.account.passed_over
        passed_over["further lines of a text in quotes"] += sum(text.count("\n") for text in found.fields)
        reason = found.reason
        if not reason and not any(text.strip() for text in found.fields):
            passed_over["blank lines"] += 1
            return ""
        if len(found.fields) == 1 and _FOOTER.fullmatch(lines[0]):
            passed_over["counts of rows below the lines"] += 1
            return ""
        if not reason and len(found.fields) != self.mapping.width:
            reason = f"{len(found.fields)} columns instead of {self.mapping.width}"
        elif "\0" in "".join(lines):
            reason = "a NUL character"
        self.account.parts[self.path.name] += 1
        if reason:
            self.rejects.add(number, reason, "\n".join(lines))
            return ""
        return self.copied(number, found.fields, self.mapping)


def open_csv(path: Path, how: Map) -> CsvFile:
    """Find the line that names the columns, and how the file is written.

    Raises ``SourceError`` when no line names them, or only some of them, or one twice; with the start of a map.
    """
    text, encoding = stream.text_of(stream.start(path), how.encoding, path)
    newline = "\r" if "\r" in text and "\n" not in text else "\n"
    lines = text.replace("\r\n", "\n").replace(newline, "\n").split("\n")[:_HEAD]
    heading, delimiter, names = _heading(lines, how)
    are_numbered = bool(how.columns) and not how.names
    if fits(names, how) < ALIKE and not are_numbered:
        raise _not_recognised(quotes.pick(_first(lines), delimiter), path, how)
    mapping = map_columns(names, path=path, how=how)
    is_quoted = None if how.quote is None else how.quote == '"'
    if how.quote is None and heading and lines[heading - 1].lstrip().startswith('"'):
        is_quoted = True
    source = CsvFile(path, "CSV", how, mapping, encoding, newline, delimiter, heading, is_quoted)
    source.account.decisions = [
        f"encoding {encoding.upper()}",
        f"delimiter {_DELIMITERS.get(delimiter, repr(delimiter))}",
        f"column names in line {heading}",
    ]
    return source


def _heading(lines: list[str], how: Map) -> tuple[int, str, list[str]]:
    """Number, delimiter and names of the line that names most of our columns; of two such lines the first.

    Without names in the file the columns are numbered, and the line is that of ``sep=``, or 0.
    """
    sep = _SEP.match(lines[0])
    said = {"tab": "\t", "\\t": "\t"}.get(how.delimiter or "", how.delimiter) or (sep and sep[1])
    best, found = 0, (0, said or max(_DELIMITERS, key=_first(lines).count), list[str]())
    for number, line in enumerate(lines, 1):
        for delimiter in [said] if said else [*_DELIMITERS, *sorted({*_OTHERS.findall(line)})]:
            names = [name.strip() for name in quotes.pick(line, delimiter)]
            if fits(names, how) > best:
                best, found = fits(names, how), (number, delimiter, names)
    if how.names:
        return found
    fields = quotes.pick(_first(lines), found[1])
    return 1 if sep else 0, found[1], [f"column {number}" for number, _ in enumerate(fields, 1)]


def _first(lines: list[str]) -> str:
    """The first line that is neither blank nor ``sep=``."""
    return next((line for line in lines if line.strip() and not _SEP.match(line)), "")


def _not_recognised(values: list[str], path: Path, how: Map) -> SourceError:
    if len(values) < 4:
        return SourceError(
            f"is no list of transactions: no line of the first {_HEAD} names columns ({', '.join(COLUMNS)}). "
            "Load a plain pg_dump, a CSV file or a workbook.",
            path=path,
        )
    has_names = how.names and not any(re.fullmatch(r"[\d.:/ -]+", value) for value in values)
    return not_recognised(values, path=path, kind="a CSV file", has_names=has_names)
