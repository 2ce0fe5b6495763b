"""Rows of INSERT statements as COPY text.

Lines as pg_dump writes them, one row on each, are taken by the hundred. Whatever looks different, such as a string with
a line break in it, is read token by token.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bootstrap.errors import SourceError
from warehouse.sources.columns import Mapping
from warehouse.sources.source import copy_text
from warehouse.sources.statements import Reader

NULL = "NULL"
_NULL_AS_TEXT = "\\x4eULL"  # so COPY tells the text NULL from nothing
_SMALLEST, _LARGEST = 1 << 10, 1 << 16  # bytes that are looked at together
_ENDS = (b");", b") ON CONFLICT DO NOTHING;")
_ALIKE = bytes.maketrans(b"E(,\r", b"e  \0")
_TOKEN = re.compile(
    rb"""(?P<blank>\s+|--[^\n]*|/\*.*?\*/) | (?P<escape>[eE]'(?:[^'\\]++|\\.|'')*+') | (?P<quote>'(?:[^']++|'')*+')
    | (?P<mark>[(),;]) | (?P<bare>(?!/\*|[eE]')[^\s(),;']+)""",
    re.VERBOSE | re.DOTALL,
)
_OLD_QUOTE = re.compile(rb"(?P<escape>'(?:[^'\\]++|\\.|'')*+')", re.DOTALL)
_ESCAPE = re.compile(
    rb"""((?:\\u(?:[0-9a-fA-F]{4})?|\\U(?:[0-9a-fA-F]{8})?)+) | \\x([0-9a-fA-F]{1,2}) | \\([0-7]{1,3}) | \\(.) | ''""",
    re.VERBOSE | re.DOTALL,
)
_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}

Reject = Callable[[int, str, str], None]
Token = tuple[str, bytes]  # kind and text
_NOTHING: Token = ("bare", b"")


@dataclass
class InsertRows:
    """The rows of one INSERT, and of the one-row INSERTs with the same ``head`` that follow at once.

    ``last`` is the number of the last row so far: its line, or one more than the row before where they share a line.
    """

    reader: Reader
    head: bytes
    mapping: Mapping
    path: Path
    reject: Reject
    last: int = 0
    count: int = 0
    is_open: bool = field(default=True, init=False)
    chunk: int = field(default=_SMALLEST, init=False)

    def blocks(self) -> Iterator[bytes]:
        """Lines for COPY, NULL being nothing. Raises ``SourceError`` when the file ends within a statement."""
        while True:
            self._skip_newline()
            rows = self._run(b"\t(", (b"),", b");")) if self.is_open else self._run(self.head + b" (", _ENDS)
            if rows:
                yield rows
            elif self.is_open:
                yield self._row()
            else:
                return

    def _skip_newline(self) -> None:
        reader = self.reader
        if reader.more() and reader.block[reader.offset] == 0x0A:
            reader.take(reader.offset + 1)

    def _run(self, start: bytes, ends: tuple[bytes, ...]) -> bytes:
        """The rows that stand on a line each, from here on in this block."""
        reader = self.reader
        if not reader.more() or reader.has_backslashes or not reader.block.startswith(start, reader.offset):
            return b""
        offset = reader.offset
        stop = reader.block.rfind(b"\n", offset, offset + self.chunk) + 1
        chunk = reader.block[offset:stop]
        lines = self._alike(chunk, start, ends)
        self.chunk = min(self.chunk * 2, _LARGEST) if len(lines) == chunk.count(b"\n") else _SMALLEST
        if not lines:
            return b""
        body = "\n".join([line[len(start) : line.rfind(b")")].decode() for line in lines])
        try:
            rows = list(csv.reader(body.split("\n"), quotechar="'", skipinitialspace=True, strict=True))
        except csv.Error:
            return b""
        number, self.is_open = reader.number, self.is_open and not lines[-1].endswith(b";")
        reader.take(offset + sum(map(len, lines)) + len(lines))
        if "\\" in body or "\t" in body:
            rows = [[copy_text(value) for value in row] for row in rows]
        return self._text(number, rows, lines)

    def _alike(self, chunk: bytes, start: bytes, ends: tuple[bytes, ...]) -> list[bytes]:
        lines = chunk.split(b"\n")
        lines.pop()
        is_unusual = _is_unusual(chunk) or chunk.count(b"('") != len(lines)
        for index, line in enumerate(lines):
            if not (line.startswith(start) and line.endswith(ends) and line.count(b"'") % 2 == 0):
                return lines[:index]
            if is_unusual and (line.count(b"('") > 1 or _is_unusual(line)):
                return lines[:index]
            if self.is_open and line.endswith(b";"):
                return lines[: index + 1]
        return lines

    def _text(self, number: int, rows: list[list[str]], lines: list[bytes]) -> bytes:
        width, positions = self.mapping.width, self.mapping.positions
        first = max(number, self.last + 1)
        self.last, self.count = first + len(rows) - 1, self.count + len(rows)
        good = list(enumerate(rows, first))
        if any(len(row) != width for row in rows):
            for index, row in enumerate(rows):
                if len(row) != width:
                    self.reject(first + index, _count(len(row), width), lines[index].decode())
            good = [(number, row) for number, row in good if len(row) == width]
        if not self.mapping.is_in_order:
            good = [(number, [row[position] for position in positions]) for number, row in good]
        return "".join([f"{number}\t" + "\t".join(row) + "\n" for number, row in good]).encode()

    def _row(self) -> bytes:
        """One row, token by token, and the mark after it."""
        kind, token = self._next()
        if (kind, token) != ("mark", b"("):
            raise SourceError("a row of INSERT does not begin with a bracket.", path=self.path, line=self.reader.number)
        number = self.reader.number
        tokens, raw, is_plain = self._tokens()
        while (kind, token) not in (("mark", b","), ("mark", b";")):
            kind, token = self._next()
        self.is_open = token == b","
        number = self.last = max(number, self.last + 1)
        self.count += 1
        values, reason = _values(tokens)
        if not is_plain:
            reason = "an expression instead of a value"
        elif len(tokens) != self.mapping.width:
            reason = _count(len(tokens), self.mapping.width)
        if reason:
            self.reject(number, reason, raw.decode())
            return b""
        return ("\t".join([str(number), *(values[position] for position in self.mapping.positions)]) + "\n").encode()

    def _tokens(self) -> tuple[list[Token], bytes, bool]:
        """One token for each value, the row as it stands, and whether its values are all of it."""
        values: list[Token] = []
        value, raw, depth, is_plain, is_cast = None, bytearray(b"("), 1, True, False
        while depth:
            kind, token = following = self._next()
            raw += token if len(raw) < _LARGEST else b""
            if kind == "mark" and token in b"()":
                depth += 1 if token == b"(" else -1
                is_plain = is_plain and depth < 2
            elif kind == "mark":
                values.append(value or _NOTHING)
                value, is_cast = None, False
            elif kind == "bare" and value is not None:
                is_cast = is_cast or token.startswith(b"::")
                is_plain = is_plain and is_cast
            elif value is None:
                value = following
            elif kind != "blank":
                is_plain = False
        return [*values, value or _NOTHING], bytes(raw), is_plain

    def _next(self) -> Token:
        """The next token that is not blank, as kind and text. A string may span blocks."""
        while True:
            if not self.reader.more():
                raise self._cut()
            kind, end = self._token()
            if kind:
                token = self.reader.take(end)
                if kind != "blank":
                    return kind, token
            elif not self.reader.extend():
                raise self._cut()

    def _token(self) -> tuple[str, int]:
        """Kind and end of the token that begins here; no kind when the block ends within it."""
        reader = self.reader
        pattern = _OLD_QUOTE if reader.has_backslashes and reader.block[reader.offset] == 0x27 else _TOKEN
        found = pattern.match(reader.block, reader.offset)
        return (str(found.lastgroup), found.end()) if found else ("", 0)

    def _cut(self) -> SourceError:
        why = "the file ends inside an INSERT: it is cut off. Have it dumped or copied again, wholly."
        return SourceError(why, path=self.path, line=self.reader.number)


def _is_unusual(text: bytes) -> bool:
    """Whether an escape string, NULL as a string, an empty row, a NUL or a carriage return may stand in it."""
    alike = text.translate(_ALIKE)
    return b" e'" in alike or b"\0" in alike or b"'NULL'" in text or b"()" in text


def _values(tokens: list[Token]) -> tuple[list[str], str]:
    """COPY text of each value, or the reason why there is none."""
    try:
        values = [_value(*token) for token in tokens]
    except (ValueError, OverflowError):
        return [], "an escape that stands for no character"
    return values, "a NUL character" if any("\0" in value for value in values) else ""


def _value(kind: str, token: bytes) -> str:
    if kind == "bare":
        return NULL if token.upper() == NULL.encode() else copy_text(token.decode())
    quoted = token[token.index(b"'") + 1 : -1]
    plain = (quoted.replace(b"''", b"'") if kind == "quote" else _ESCAPE.sub(_unescape, quoted)).decode()
    return _NULL_AS_TEXT if plain == NULL else copy_text(plain)


def _unescape(found: re.Match[bytes]) -> bytes:
    """The UTF-8 of code points, a byte, or a letter, as PostgreSQL reads them. Two halves make one code point."""
    points, hexadecimal, octal, letter = found.groups()
    if points:
        halves = "".join([chr(int(point[1:], 16)) for point in points.split(b"\\")[1:]])
        return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le").encode()
    if hexadecimal or octal:
        return bytes([int(hexadecimal or octal, 16 if hexadecimal else 8) & 0xFF])
    return _LETTERS.get(letter, letter) if letter else b"'"


def _count(found: int, width: int) -> str:
    return f"{found} columns instead of {width}"
