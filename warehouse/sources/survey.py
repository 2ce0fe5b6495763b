"""Finds the shop's table in a plain dump, of any server version, schema, owner and column order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bootstrap.errors import SourceError
from warehouse.sources import names
from warehouse.sources.columns import COLUMNS, fits, map_columns
from warehouse.sources.statements import Reader, Statement


@dataclass(frozen=True)
class Data:
    """A statement that data follows: COPY or INSERT."""

    table: str
    columns: list[str]
    is_copy: bool
    number: int
    head: bytes = b""

    @property
    def is_shop(self) -> bool:
        """Whether the table has all of the shop's columns."""
        return fits(self.columns) == len(COLUMNS)


@dataclass
class Survey:
    """What the statements of a dump say, as they pass by. ``types`` are those of CREATE TABLE, by table and column."""

    reader: Reader
    path: Path
    types: dict[str, dict[str, str]] = field(default_factory=dict)
    tables: dict[str, list[str]] = field(default_factory=dict)

    def data(self) -> Iterator[Data]:
        """Each COPY and INSERT; the reader then stands before its data. Data of a COPY has to be read."""
        for statement in self.reader.statements():
            data = self._data(statement)
            if data is not None:
                self.tables[data.table] = data.columns
                yield data

    def lines(self, data: Data) -> Iterator[tuple[int, bytes]]:
        """The lines of a COPY, in blocks. Raises ``SourceError`` when the file ends within them."""
        try:
            yield from self.reader.data()
        except EOFError:
            why = f"the file ends inside the data of table {data.table}: it is cut off. Have it dumped or copied again."
            raise SourceError(why, path=self.path, line=self.reader.number) from None

    def pass_over(self, data: Data) -> None:
        """Read the COPY data of another table away."""
        for _ in self.lines(data):
            pass

    def not_found(self) -> SourceError:
        """Why no table will do: the column that is missing in the one most alike, or the tables there are."""
        alike = max(self.tables.items(), key=lambda item: fits(item[1]), default=("", []))
        if fits(alike[1]) == len(COLUMNS):
            why = f"table {alike[0]} has no data. Have it dumped with its data, not with --schema-only."
            return SourceError(why, path=self.path)
        if fits(alike[1]) >= len(COLUMNS) // 2:
            try:
                map_columns(alike[1], path=self.path)
            except SourceError as error:
                return error
        tables = ", ".join(self.tables) or "none"
        return SourceError(
            f"no table of transactions; tables found: {tables}. Hand over a dump of a table with {', '.join(COLUMNS)}.",
            path=self.path,
        )

    def _data(self, statement: Statement) -> Data | None:
        text = statement.text.decode("utf-8", "replace")  # a statement beyond its first MiB may end within a character
        if created := names.create_head(text):
            self.types[created[0]] = created[1]
            self.tables[created[0]] = list(created[1])
        if statement.is_copy and (copied := names.copy_head(text)):
            return self._copy(*copied, number=statement.number)
        if statement.is_insert and (inserted := names.insert_head(text)):
            columns = inserted[1] or list(self.types.get(inserted[0], {}))
            return Data(inserted[0], columns, is_copy=False, number=statement.number, head=statement.text)
        return None

    def _copy(self, table: str, columns: list[str], options: str, *, number: int) -> Data:
        data = Data(table, columns or list(self.types.get(table, {})), is_copy=True, number=number)
        if options and data.is_shop:
            why = f"COPY {table} has options that pg_dump does not write ({options}). Hand over a plain pg_dump."
            raise SourceError(why, path=self.path, line=number)
        return data
