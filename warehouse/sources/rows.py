"""Rows of COPY and INSERT, checked, put into our column order, numbered and written as COPY text.

Rows of INSERT that are on a line each, as pg_dump writes them, are taken by the hundred; all others one by one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import accumulate
from operator import itemgetter
from typing import Any

from bootstrap.errors import SourceError
from warehouse.maps.columns import Mapping
from warehouse.sources.names import Statement
from warehouse.sources.source import Rejects, Source, copy_row
from warehouse.sources.statements import COMMENT, ESCAPED, QUOTED, Script

_CHUNK = 1 << 16
# COPY would turn \x41 and \101 into any byte. pg_dump never writes them.
_STRANGE = re.compile(rb"(?:[^\\]++|\\[bfnrtvN\\])*+\\")
# One group for what is within the quotes or without any; nothing that begins with NULL is within.
_PLAIN_TEXT = rb"(?<=')(?!NULL)[^'\t\n\r\0]*+(?:''[^'\t\n\r\0]*+)*+(?=')"
_PLAIN_VALUE = rb"'?+(%b|(?<!')(?>[-+.\d][\w.+-]*+|NULL)(?!'))'?+" % _PLAIN_TEXT
_BLANKS, _CAST = rb"(?:\s++|%b)*+" % COMMENT, rb"(?:\s*+::[\w\s.\"]++(?:\([\d\s,]*+\)[\w\s]*+)?)*+"
_ESCAPE = re.compile(
    rb"((?:\\u(?:[0-9a-fA-F]{4})?|\\U(?:[0-9a-fA-F]{8})?)+)|\\x([0-9a-fA-F]{1,2})|\\([0-7]{1,3})|\\(.)|''", re.DOTALL
)
_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def copied(script: Script, data: Statement, mapping: Mapping, source: Source) -> Iterator[bytes]:
    """The data of a COPY. Lines of the wrong width, or with characters that no dump has, are rejected."""
    for first, block in script.data(data.whole):
        has_returns = b"\r" in block
        lines = (block.replace(b"\r\n", b"\n") if has_returns else block).split(b"\n")[:-1]
        rows: Iterable[tuple[int, bytes]] = enumerate(lines, first)
        is_odd = has_returns or b"\0" in block or block.count(b"\\") != block.count(b"\\N")
        if is_odd or {line.count(b"\t") for line in lines} != {mapping.width - 1}:
            rows = (row for row in rows if _is_good(*row, mapping.width, source.rejects))
        if not mapping.is_in_order:
            pick = _picker(mapping)
            rows = ((number, b"\t".join(pick([*line.split(b"\t"), b"\\N"]))) for number, line in rows)
        source.account.counted += script.number - first
        source.account.parts[data.whole] += len(lines)
        yield b"".join([b"%d\t%b\n" % row for row in rows])


def inserted(script: Script, data: Statement, mapping: Mapping, source: Source) -> Iterator[bytes]:
    """The rows of an INSERT, and of those with the same head that follow at once."""
    plain, is_open = _plain_rows(data.text[:4096], mapping.width), True
    while is_open:
        script.more()
        stop = script.block.rfind(b"\n", script.offset, script.offset + _CHUNK) + 1
        rows = [] if script.has_backslashes else plain.findall(script.block, script.offset, stop)
        stop -= len(rows.pop()[-1]) if rows and rows[-1][-1] else 0
        if rows:
            first = max(script.number, script.last_row + 1)
            script.last_row, taken = first + len(rows) - 1, script.take(stop)
            is_open = not taken[-3:].rstrip().endswith(b";")
            source.account.counted += taken.count(b"\n")
            source.account.parts[data.whole] += len(rows)
            yield _plain_text(rows, first, mapping)
        else:
            count, is_open, text = _row(script, mapping, source.rejects)
            source.account.counted += count
            source.account.parts[data.whole] += 1
            yield text


def _is_good(number: int, line: bytes, width: int, rejects: Rejects) -> bool:
    reason, found = "", line.count(b"\t") + 1
    if found != width:
        reason = f"{found} columns instead of {width}"
    elif b"\0" in line or b"\r" in line:
        reason = "a NUL character" if b"\0" in line else "a carriage return within the line"
    elif _STRANGE.match(line):
        reason = "a backslash that pg_dump does not write"
    if reason:
        rejects.add(number, reason, line.decode("utf-8", "replace"))
    return not reason


def _picker(mapping: Mapping) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Takes the values of ``mapping.columns`` out of a row that has a null after its last value."""
    return itemgetter(*[mapping.width if index is None else index for index in mapping.positions.values()])


@lru_cache(maxsize=16)
def _plain_rows(head: bytes, width: int) -> re.Pattern[bytes]:
    """Finds the values of each row that is a line, and whatever follows the last of them as one more."""
    end = rb",[ \t]*+\r?\n|(?: ON CONFLICT DO NOTHING)?;\r?\n(?:%b(?=[ \t]*+\()|(?!\s*+\())" % re.escape(head)
    return re.compile(rb"[ \t]*+\(%b\)(?:%b)|((?s:.++))" % (rb",[ \t]*+".join([_PLAIN_VALUE] * width), end))


def _plain_text(rows: list[tuple[bytes, ...]], first: int, mapping: Mapping) -> bytes:
    if None in mapping.positions.values():
        rows = [(*row[:-1], b"NULL") for row in rows]
    lines = enumerate(map(b"\t".join, map(_picker(mapping), rows)), first)
    text = b"".join([b"%d\t%b\n" % line for line in lines]).replace(b"\\", b"\\\\").replace(b"''", b"'")
    return text.replace(b"\tNULL", b"\t\\N")


@cache
def _patterns(has_backslashes: bool) -> tuple[re.Pattern[bytes], ...]:
    """A row with what follows it, each value in it, what a value is, and what has brackets that do not count."""
    text = ESCAPED if has_backslashes else QUOTED
    item = rb"[eE]%b|%b|%b|(?![eE]')\w++|[^\w'()/\-,]++|/(?!\*)|-(?!-)" % (ESCAPED, text, COMMENT)
    inner = rb"\((?:,|%b|\((?:,|%b)*+\))*+\)" % (item, item)
    row = rb"%b(?P<row>\((?:,|%b|%b)*+\))(?P<after>%b)" % (_BLANKS, item, inner, _BLANKS)
    row += rb"(?:(?P<end>[,;])|(?=(?i:on|returning)\s))"
    optional, quoted = (b"?+", rb"(?!)") if has_backslashes else (b"", QUOTED)
    literal = rb"[eE]%b(?P<escape>%b)|(?P<quote>%b)" % (optional, ESCAPED, quoted)
    literal += rb"|(?P<bare>(?i:null|true|false)|[-+.\d][\w.+-]*+)"
    value = rb"%b(?:%b)%b%b" % (_BLANKS, literal, _CAST, _BLANKS)
    parts = row, rb"(?:%b|%b)++" % (item, inner), value, rb"[eE]%b|%b|%b|[^()]" % (ESCAPED, text, COMMENT)
    return tuple(re.compile(part, re.DOTALL) for part in parts)


def _row(script: Script, mapping: Mapping, rejects: Rejects) -> tuple[int, bool, bytes]:
    """One row: how many it is by its brackets, whether more of them follow, and its text."""
    row, value, literal, no_bracket = _patterns(script.has_backslashes)
    found = script.match(row)
    if not found:
        why = "the file ends inside an INSERT: it is cut off. Have it dumped or copied again, wholly."
        raise SourceError(why, path=script.path, line=script.number)
    raw = found["row"]
    number = script.last_row = max(script.number - (raw + found["after"]).count(b"\n"), script.last_row + 1)
    if not found["end"]:
        script.statement()
    values, reason = _values([literal.fullmatch(part) for part in value.findall(raw[1:-1])], mapping.width)
    if reason:
        rejects.add(number, reason, raw.decode())
    text = "" if reason else copy_row(number, _picker(mapping)([*values, None]), "\\N")
    count = list(accumulate(1 if mark == 0x28 else -1 for mark in no_bracket.sub(b"", raw))).count(0)
    return count, found["end"] == b",", text.encode()


def _values(found: list[re.Match[bytes] | None], width: int) -> tuple[list[str | None], str]:
    """The value of each literal, or the reason why there is none."""
    if len(found) != width:
        return [], f"{len(found)} columns instead of {width}"
    if None in found:
        return [], "an expression instead of a value"
    try:
        values = [_value(**literal.groupdict()) for literal in found if literal]
    except (ValueError, OverflowError):
        return [], "an escape that stands for no character"
    return values, "a NUL character" if any("\0" in value for value in values if value) else ""


def _value(escape: bytes | None, quote: bytes | None, bare: bytes | None) -> str | None:
    if bare:
        return None if bare.upper() == b"NULL" else bare.decode()
    text = quote[1:-1].replace(b"''", b"'") if quote else _ESCAPE.sub(_unescape, (escape or b"")[1:-1])
    return text.decode()


def _unescape(found: re.Match[bytes]) -> bytes:
    """The UTF-8 of code points, a byte, or a letter, as PostgreSQL reads them. Two halves make one code point."""
    points, hexadecimal, octal, letter = found.groups()
    if points:
        halves = "".join([chr(int(point[1:], 16)) for point in points.split(b"\\")[1:]])
        return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le").encode()
    if hexadecimal or octal:
        return bytes([int(hexadecimal or octal, 16 if hexadecimal else 8) & 0xFF])
    return _LETTERS.get(letter, letter) if letter else b"'"
