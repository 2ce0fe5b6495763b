"""Lines of COPY text: checked, put into our column order, and numbered."""

import re
from collections.abc import Callable, Iterator

from warehouse.sources.columns import Mapping

# COPY would turn \x41 and \101 into any byte. pg_dump never writes them.
_ESCAPE = re.compile(rb"\\(.?)", re.DOTALL)
_ESCAPES = frozenset(b"NbfnrtvN\\"[i : i + 1] for i in range(9))
Reject = Callable[[int, str, str], None]


def numbered(block: bytes, first: int, mapping: Mapping, reject: Reject) -> tuple[int, bytes]:
    """How many lines the block has, and the good ones with their line number in front.

    ``first`` is the number of the block's first line. Lines that have the wrong number of columns, or characters
    that no dump has, go to ``reject``.
    """
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    if b"\r" in block:
        lines = [line[:-1] if line.endswith(b"\r") else line for line in lines]
    rows: Iterator[tuple[int, bytes]] = enumerate(lines, first)
    if _is_odd(block) or {line.count(b"\t") for line in lines} != {mapping.width - 1}:
        rows = _good(rows, mapping.width, reject)
    if not mapping.is_in_order:
        rows = ((number, _ordered(line, mapping)) for number, line in rows)
    return len(lines), b"".join([b"%d\t%b\n" % row for row in rows])


def _is_odd(block: bytes) -> bool:
    return b"\0" in block or b"\r" in block or b"\\" in block.replace(b"\\N", b"")


def _good(rows: Iterator[tuple[int, bytes]], width: int, reject: Reject) -> Iterator[tuple[int, bytes]]:
    for number, line in rows:
        reason = _reason(line, width)
        if reason:
            reject(number, reason, line.decode("utf-8", "replace"))
        else:
            yield number, line


def _reason(line: bytes, width: int) -> str:
    found = line.count(b"\t") + 1
    if found != width:
        return f"{found} columns instead of {width}"
    if b"\0" in line:
        return "a NUL character"
    if b"\r" in line:
        return "a carriage return within the line"
    if b"\\" in line and not {escape.group(1) for escape in _ESCAPE.finditer(line)} <= _ESCAPES:
        return "a backslash that pg_dump does not write"
    return ""


def _ordered(line: bytes, mapping: Mapping) -> bytes:
    fields = line.split(b"\t")
    return b"\t".join([fields[position] for position in mapping.positions])
