"""Parquet files, read by pyarrow, a batch of rows at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootstrap.errors import SourceError
from warehouse.maps import Map
from warehouse.maps.columns import ALIKE, Mapping, fits, map_columns, not_recognised
from warehouse.sources.source import Source

_ROWS_IN_BATCH = 20_000


@dataclass
class ParquetFile(Source):
    """``file`` is pyarrow's; its own count of rows stands in its footer."""

    mapping: Mapping
    file: Any
    is_typed = True

    def _blocks(self) -> Iterator[bytes]:
        self.account.counted = self.file.metadata.num_rows
        self.account.leave_out_columns(self.mapping.left_out, self.path.name)
        number = 1
        for batch in self.file.iter_batches(_ROWS_IN_BATCH):
            yield _rows(batch, self.mapping, number)
            number += batch.num_rows
            self.account.parts[self.path.name] += batch.num_rows


def open_parquet(path: Path, how: Map) -> ParquetFile:
    """Read the footer. Raises ``SourceError`` for a damaged file, and for one without the shop's columns."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile as File

    try:
        file = File(path)
    except (ArrowException, OSError) as error:
        why = f"is a Parquet file that is damaged ({str(error)[:200]}). Write it again, or save it as CSV."
        raise SourceError(why, path=path) from error
    names = file.schema_arrow.names
    if fits(names, how) < ALIKE:
        raise not_recognised(names, path=path, kind="a Parquet file")
    return ParquetFile(path, "Parquet", how, map_columns(names, path=path, how=how), file)


def _rows(batch: Any, mapping: Mapping, first: int) -> bytes:
    """The batch as lines of COPY text, put together in Arrow: in Python it would take five times as long."""
    from pyarrow import array, compute

    texts = mapping.picked([_text(column) for column in batch.columns], mapping.columns)
    nothing = array([None] * batch.num_rows, "string")
    numbers = compute.cast(array(range(first, first + batch.num_rows)), "string")
    values = [compute.fill_null(nothing if text is None else text, "\\N") for text in texts]
    rows = compute.binary_join_element_wise(numbers, *values, "\t").to_pylist()
    return "".join([f"{row}\n" for row in rows]).encode()


def _text(column: Any) -> Any:
    """The values as COPY text: times as ISO 8601, numbers with the digits that they need, whole without a point."""
    from pyarrow import compute, timestamp, types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if types.is_timestamp(column.type):
        column = compute.cast(compute.round_temporal(column, unit="second"), timestamp("s", column.type.tz))
    text = compute.cast(column, "string")
    if types.is_floating(column.type):
        return compute.replace_substring_regex(text, r"[.]0$", "")
    for found, written in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        text = compute.replace_substring(text, found, written)
    return text
