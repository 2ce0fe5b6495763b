"""Whether quotes around a value belong to the file's format or to the value, judged from the whole file.

A writer that quotes doubles each quote within; one that does not quote leaves inch marks as they are. A single line may
fit either, so lines that only fit one of the two are counted.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

LONGEST_TEXT, _FURTHEST = 100, 1000  # lines that one quoted text may go over, and lines in which its end is looked for
_ENOUGH = 20


@dataclass(frozen=True)
class Record:
    """The fields of one record and the lines that it took; a ``reason`` in place of fields that cannot be right."""

    fields: list[str]
    lines: int = 1
    reason: str = ""


def record(lines: list[str], index: int, delimiter: str, width: int, *, is_last: bool) -> Record | None:
    """The record that begins on ``lines[index]``, by RFC 4180; ``None`` when it may end on a line still to come.

    Of lines that make no sense together only the first is taken, so that a stray quote costs no more than its own line.
    """
    ahead = lines[index : index + _FURTHEST]
    reader = csv.reader((line + "\n" for line in ahead), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        fields = next(reader)
    except csv.Error as error:
        if "unexpected end" in str(error) and len(ahead) < _FURTHEST and not is_last:
            return None
        return Record([], 1, "a quote in the wrong place")
    if any(line.count(delimiter) == width - 1 for line in ahead[1 : reader.line_num]):
        return Record([], 1, "a quote that is not closed")  # each of the lines is a record of its own
    if reader.line_num > LONGEST_TEXT:
        return Record(fields, reader.line_num, f"a text in quotes of more than {LONGEST_TEXT} lines")
    return Record(fields, reader.line_num)


def judge(blocks: Iterator[list[str]], delimiter: str, width: int) -> bool | None:
    """Whether the file quotes; ``None`` when nothing tells. The blocks begin below the line that names the columns."""
    seen: Counter[str] = Counter()
    left: list[str] = []
    for block in blocks:
        left = _look(left + block, seen, delimiter, width, is_last=False)
        if min(seen["quoted"], seen["plain"]) == 0 and max(seen["quoted"], seen["plain"]) >= _ENOUGH:
            break
    else:
        _look(left, seen, delimiter, width, is_last=True)
    if seen["quoted"] or seen["plain"]:
        # In a file that does not quote, hardly a line fits the quoted reading alone; a stray quote fits the plain one.
        return seen["quoted"] * 10 >= seen["plain"]
    if seen["needless"] and not seen["bare"] and seen["needless"] < seen.total():
        return None
    return not seen["bare"]


def _look(lines: list[str], seen: Counter[str], delimiter: str, width: int, *, is_last: bool) -> list[str]:
    """Count the kinds of these lines; those of a record that goes on beyond them are left."""
    index = 0
    while index < len(lines):
        if '"' not in lines[index]:
            seen["without quotes"] += 1
            index += 1
        elif found := record(lines, index, delimiter, width, is_last=is_last):
            seen[_kind(found, lines[index], delimiter, width)] += 1
            index += found.lines
        else:
            break
    return lines[index:]


def _kind(found: Record, line: str, delimiter: str, width: int) -> str:
    """``quoted`` or ``plain`` when only that reading fits, ``neither`` when none does; of those that fit both, ``bare``
    when the content is the same.
    """
    is_plain, is_quoted = line.count(delimiter) == width - 1, not found.reason and len(found.fields) == width
    if not (is_plain and is_quoted):
        return "plain" if is_plain else "quoted" if is_quoted else "neither"
    kept = [field.strip(" ") for field in line.split(delimiter)]
    if kept == [field.strip(" ") for field in found.fields]:
        return "bare"
    return "quoted" if any('""' in field[1:-1] for field in kept if field.startswith('"')) else "needless"


def pick(line: str, delimiter: str) -> list[str]:
    """What one line names; nothing when it has a text longer than ``csv`` reads, as a whole file on one line has."""
    if len(delimiter) > 1:
        return line.split(delimiter)
    with suppress(csv.Error):
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    return []
