"""Walks through a script for psql and tells statements, psql's commands and data apart. Nothing is ever run."""

import re
from collections.abc import Iterator
from pathlib import Path

from bootstrap.errors import SourceError
from warehouse.sources.stream import check_length

_LONGEST = 1 << 18
# Patterns of texts: with a backslash that begins an escape, and without. They match none that its block cuts off.
ESCAPED, QUOTED = rb"'(?:[^'\\]++|\\.|'')*+'", rb"'(?:[^']++|'')*+'"
_NO_COMMENT = rb"[^*/]++|\*(?!/)|/(?!\*)"
COMMENT = rb"(?:--[^\n]*+|/\*(?:%b|/\*(?:%b)*+\*/)*+\*/|/\*.*?\*/)" % (_NO_COMMENT, _NO_COMMENT)
_DOLLAR, _WORD = rb"\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*+)?\$", rb"[\w\x80-\xff][\w\x80-\xff$]*+"
_PIECES = [
    re.compile(
        rb"""(?:[eE]%b|%b|"(?:[^"]++|"")*+"|(?P<dollar>%b).*?(?P=dollar)|(?!%b)\$|[^'"$/\-\w\x80-\xff;]++|/(?!\*)"""
        rb"""|-(?!-)|(?!(?i:e'|values(?![\w$\x80-\xff])))%b)*+""" % (ESCAPED, text, _DOLLAR, _DOLLAR, _WORD),
        re.DOTALL,
    )
    for text in (QUOTED, ESCAPED)
]
_BLANK, _COMMENT = re.compile(rb"\s*+"), re.compile(COMMENT, re.DOTALL)
_INSERT = re.compile(rb"insert\b", re.IGNORECASE)


class Script:
    """A place in a script: ``block[offset]``, on line ``number``. ``has_backslashes``: any text may have escapes."""

    def __init__(self, blocks: Iterator[bytes], path: Path) -> None:
        self.blocks, self.path, self.block = blocks, path, b""
        self.offset, self.number, self.last_row, self.has_backslashes = 0, 1, 0, False

    def extend(self) -> bool:
        """Join the next block to what is left of this one; false at the end of the file.

        Raises ``SourceError`` when what begins here is longer than anything in a list of transactions.
        """
        following = next(self.blocks, b"")
        self.block, self.offset = self.block[self.offset :] + following, 0
        check_length(self.block, self.path)
        return bool(following)

    def more(self) -> bool:
        """Whether something follows the blanks that come next, which are passed over."""
        while True:
            found = _BLANK.match(self.block, self.offset)
            self.take(found.end() if found else self.offset)
            if self.offset < len(self.block) or not self.extend():
                return self.offset < len(self.block)

    def take(self, end: int) -> bytes:
        """What there is before ``end`` in this block, which is passed over."""
        taken = self.block[self.offset : end]
        self.offset, self.number = end, self.number + taken.count(b"\n")
        return taken

    def line(self) -> bytes:
        """The rest of this line, with its newline."""
        return self.take(self.block.find(b"\n", self.offset) + 1 or len(self.block))

    def match(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """The pattern's match here, over as many blocks as it takes; passed over, and all of the file without one."""
        while not (found := pattern.match(self.block, self.offset)) and self.extend():
            pass
        self.take(found.end() if found else len(self.block))
        return found

    def statements(self) -> Iterator[tuple[int, bytes]]:
        """Line and text of each statement, comment of one line and command of psql; of an INSERT only up to VALUES.

        The rows of an INSERT, and the data of a COPY, have to be read by the caller.
        """
        while self.more():
            number, start = self.number, self.block[self.offset : self.offset + 2]
            if start == b"/*":
                self.match(_COMMENT)
            else:
                yield number, self.line() if start == b"--" or start.startswith(b"\\") else self.statement()

    def statement(self) -> bytes:
        """The rest of this statement without comments, at most its first 256 KiB."""
        text, pieces = bytearray(), _PIECES[self.has_backslashes]
        while self.more():
            found = pieces.match(self.block, self.offset)
            text += self.take(found.end() if found else self.offset)[: max(0, _LONGEST - len(text))]
            stop = self.block[self.offset : self.offset + 6].lower()
            if stop.startswith(b";") or stop == b"values":
                text += self.take(self.offset + (6 if stop == b"values" else 1))
                if stop != b"values" or _INSERT.match(text):
                    break
            elif stop.startswith((b"--", b"/*")):
                text += b" " if self.match(_COMMENT) else b""
            elif stop and not self.extend():
                self.take(len(self.block))
        return bytes(text)

    def data(self, table: str) -> Iterator[tuple[int, bytes]]:
        """The COPY lines that come next: blocks, and the number of their first line. ``SourceError`` when cut off."""
        self.line()
        while self.offset < len(self.block) or self.extend():
            number, is_end = self.number, self.block.startswith(b"\\.", self.offset)
            end = self.offset if is_end else self.block.find(b"\n\\.", self.offset) + 1 or len(self.block)
            yield number, self.take(end)
            if self.block.startswith(b"\\.", end):
                self.line()
                return
        why = f"the file ends inside the data of table {table}: it is cut off. Have it dumped or copied again."
        raise SourceError(why, path=self.path, line=self.number)
