"""Puts a source into ``landing``: its lines as text, and those that cannot be transactions."""

import io
from collections.abc import Iterator
from decimal import Decimal

import psycopg2
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json

from bootstrap.errors import SourceError
from warehouse.generations import newest_change
from warehouse.judge import Reading
from warehouse.quarantine import Aside
from warehouse.queries import query
from warehouse.sources import Source

Kept = tuple[int, Decimal]
"""How many lines of a file are in the warehouse, and their amount."""


def land(cursor: Cursor, source: Source) -> int:
    """Move what is in ``landing`` aside and put the lines of ``source`` there; the number of lines read.

    Before the commit, the caller says what becomes of the former by ``settle``.

    Raises ``SourceError`` for a file that holds no lines or cannot be read to its end.
    """
    cursor.execute(query("set_landing_aside"))
    stream = _Stream(source.blocks())
    columns = ", ".join(("line_number", *source.columns))
    try:
        cursor.copy_expert(f"copy landing.line ({columns}) from stdin with (null '{source.null}', freeze)", stream)
    except psycopg2.Error as error:
        raise (stream.error or error) from None
    if not source.account.lines_read:
        raise SourceError("there are no lines in it. Load a file with transactions.", path=source.path)
    return source.account.lines_read


def note_source(cursor: Cursor, source: Source, account: dict[str, object], kept: Kept, aside: Aside) -> None:
    """Note in ``landing`` which file it holds, and what became of everything in it."""
    counts = source.account
    cursor.execute(
        "insert into landing.source (file, form, sha256, price_type, lines_read, lines_counted, lines_passed_over, "
        "account, lines_kept, amount_kept, days_set_aside, lines_set_aside, amount_set_aside) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            source.path.name,
            source.form,
            source.sha256,
            source.price_type,
            counts.lines_read,
            counts.counted,
            counts.passed_over.total(),
            Json(account),
            *kept,
            Json([day.isoformat() for day in sorted(aside.days)]),
            aside.lines,
            aside.amount,
        ),
    )


def settle(cursor: Cursor, *, is_changed: bool, append: bool) -> None:
    """Keep what ``land`` moved aside: as the generation before, or, with ``append``, together with the new file.

    Where the file changes no line, it takes the place of one that says the same; it is let go when it was to be added,
    or stands for several files, which a rollback has to tell apart.
    """
    cursor.execute("select generation, cardinality(files) > 0 from landing_was")
    generation, was_filled = cursor.fetchone() or (0, False)
    if append and is_changed:
        cursor.execute(query("merge_landing"))
    elif not is_changed and (append or _holds_several(cursor, generation)):
        cursor.execute("drop schema landing cascade; alter schema landing_replaced rename to landing")
    elif is_changed:
        replace = f"alter schema landing_replaced rename to landing_before_{generation}"
        cursor.execute(replace if was_filled else "drop schema landing_replaced cascade")
        cursor.execute("update landing.source set generation = %s", [newest_change(cursor)])
    else:
        cursor.execute("drop schema landing_replaced cascade")
        cursor.execute("update landing.source set generation = %s", [generation])


def _holds_several(cursor: Cursor, generation: int) -> bool:
    """Whether files were added to the one that landing began with, be they in it or taken out for now."""
    cursor.execute(
        "select exists (select from landing_replaced.source where load_id > 1) "
        "or exists (select from landing_before.source where generation = %s)",
        [generation],
    )
    return cursor.fetchone() == (True,)


def put_rejects(cursor: Cursor, source: Source, reading: Reading) -> None:
    """Fill ``landing.reject``: with what the source could not put into columns, and with what ``reject.sql`` finds."""
    cursor.execute(
        "drop table if exists pg_temp.unfit; "
        "create temporary table unfit (line_number bigint, reason text, text text) on commit drop"
    )
    source.rejects.file.seek(0)
    cursor.copy_expert("copy unfit from stdin", source.rejects.file)
    places = source.places
    cursor.execute(
        reading.reject(),
        {
            "names": [place.name for place in places],
            "starts": [place.start for place in places],
            "shifts": [place.shift for place in places],
        },
    )


class _Stream(io.RawIOBase):
    """Feeds blocks to COPY. What goes wrong in the source is kept in ``error``, since COPY only passes its text on."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            return next((block for block in self._blocks if block), b"")
        except BaseException as error:
            self.error = error
            raise
