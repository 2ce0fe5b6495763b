"""Walks through a plain dump and tells statements from data. Nothing is ever run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from warehouse.sources.stream import check_length

_LONGEST, _TAIL = 1 << 20, 1 << 12
_OPENING = re.compile(
    rb"""(?P<comment>--[^\n]*) | (?P<block>/\*) | (?P<escape>(?<![\w$\x80-\xff])[eE]') | (?P<quote>') | (?P<name>")
    | (?P<dollar>(?<![\w$\x80-\xff])\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$)
    | (?P<values>(?<![\w$\x80-\xff])(?i:values)(?![\w$\x80-\xff])) | (?P<end>;)""",
    re.VERBOSE,
)
_CLOSING = {
    "block": re.compile(rb"\*/|/\*"),
    "escape": re.compile(rb"\\.|''|'", re.DOTALL),
    "quote": re.compile(rb"''|'"),
    "name": re.compile(rb'""|"'),
}
_END_OF_DATA = re.compile(rb"\\\.\r?(?:\n|\Z)")
_COPY = re.compile(rb"\s*copy\s.*\sfrom\s+stdin\b", re.IGNORECASE | re.DOTALL)
_INSERT = re.compile(rb"\s*insert\s+into\s", re.IGNORECASE)
_BACKSLASHES = re.compile(rb"\s*set\s+standard_conforming_strings\s*(?:=|to)\s*'?off", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """One statement without its comments (at most its first MiB). ``number`` is the line that it starts on."""

    text: bytes
    number: int

    @property
    def is_copy(self) -> bool:
        """Whether lines of data follow, up to one of backslash and dot."""
        return _COPY.match(self.text) is not None

    @property
    def is_insert(self) -> bool:
        """Whether this is an INSERT up to VALUES, and its rows follow."""
        return _INSERT.match(self.text) is not None and self.text[-6:].lower() == b"values"


class Reader:
    """A place in a dump: ``block[offset]``, on line ``number``."""

    def __init__(self, blocks: Iterator[bytes], path: Path) -> None:
        self._blocks, self._path = blocks, path
        self.block, self.offset, self.number = b"", 0, 1
        self.has_backslashes, self.tail = False, b""

    def more(self) -> bool:
        """Whether there is something left; takes the next block when this one is used up."""
        while self.offset >= len(self.block):
            following = self._following()
            if following is None:
                return False
            self.block, self.offset = following, 0
        return True

    def extend(self) -> bool:
        """Join the next block to what is left of this one; false at the end of the file.

        Raises ``SourceError`` when what begins here is longer than anything in a list of transactions.
        """
        following = self._following()
        if following is None:
            return False
        self.block, self.offset = self.block[self.offset :] + following, 0
        check_length(self.block, self._path)
        return True

    def _following(self) -> bytes | None:
        following = next(self._blocks, None)
        if following is not None:
            self.tail = following[-_TAIL:] if len(following) >= _TAIL else (self.tail + following)[-_TAIL:]
        return following

    def take(self, end: int) -> bytes:
        """What stands before ``end`` in this block, which is passed over."""
        taken = self.block[self.offset : end]
        self.offset, self.number = end, self.number + taken.count(b"\n")
        return taken

    def line(self) -> bytes:
        """The rest of this line, with its newline."""
        return self.take(self.block.find(b"\n", self.offset) + 1 or len(self.block))

    def statements(self) -> Iterator[Statement]:
        """Each whole statement; an INSERT only up to VALUES, and its rows as one more."""
        while (statement := _Scan(self).statement()) is not None:
            if _BACKSLASHES.match(statement.text):
                self.has_backslashes = True
            yield statement

    def data(self) -> Iterator[tuple[int, bytes]]:
        """The COPY lines that come next: blocks, with the number of their first line. Raises ``EOFError`` when cut."""
        self.line()
        while self.more():
            number, end = self.number, _end_of_data(self.block, self.offset)
            block = self.take(len(self.block) if end is None else end)
            if block:
                yield number, block
            if end is not None:
                self.line()
                return
        raise EOFError


def _end_of_data(block: bytes, offset: int) -> int | None:
    for found in _END_OF_DATA.finditer(block, offset):
        if found.start() == 0 or block[found.start() - 1] == 0x0A:
            return found.start()
    return None


class _Scan:
    """Collects one statement, whatever stands in its strings, dollar quotes and comments."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.text = reader, bytearray()
        self.closing: re.Pattern[bytes] | None = None
        self.depth, self.is_comment = 0, False
        self.is_insert: bool | None = None

    def statement(self) -> Statement | None:
        number = 0
        while self.reader.more():
            if not self.text and self.closing is None:
                self._skip_blank()
                if not self.reader.more():
                    return None
                number = self.reader.number
            if self._inside() if self.closing else self._outside():
                return Statement(bytes(self.text), number)
        return None

    def _skip_blank(self) -> None:
        while self.reader.more():
            block, offset = self.reader.block, self.reader.offset
            if block.startswith(b"\\", offset):
                self.reader.line()  # a psql command: neither a statement nor ever run
            elif block[offset : offset + 1].isspace():
                self.reader.take(offset + 1)
            else:
                return

    def _outside(self) -> bool:
        reader = self.reader
        found = _OPENING.search(reader.block, reader.offset)
        if found is None:
            self._keep(reader.take(len(reader.block)))
            return False
        kind = str(found.lastgroup)
        self._keep(reader.take(found.start() if kind in ("comment", "block") else found.end()))
        reader.take(found.end())
        if kind == "dollar":
            self.closing = re.compile(re.escape(found.group()))
        elif kind in _CLOSING:
            backslashes = kind == "quote" and reader.has_backslashes
            self.closing, self.depth = _CLOSING["escape" if backslashes else kind], 1
            self.is_comment = kind == "block"
        if kind == "values" and self.is_insert is None:
            self.is_insert = _INSERT.match(self.text) is not None
        return kind == "end" or (kind == "values" and self.is_insert is True)

    def _inside(self) -> bool:
        assert self.closing is not None
        reader = self.reader
        found = self.closing.search(reader.block, reader.offset)
        text = reader.take(found.end() if found else len(reader.block))
        if not self.is_comment:
            self._keep(text)
        if found is None:
            return False
        if self.is_comment:
            self.depth += 1 if found.group() == b"/*" else -1
        elif len(found.group()) > 1 and not found.group().startswith(b"$"):
            return False
        if not self.is_comment or self.depth == 0:
            self.closing, self.is_comment = None, False
        return False

    def _keep(self, text: bytes) -> None:
        if len(self.text) < _LONGEST:
            self.text += text
