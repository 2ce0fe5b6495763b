"""A table of a database, read as a stream: the lines as text, and how many each day has there."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Date, Integer, Numeric, String, cast, column, func, select, table
from sqlalchemy import types as kinds
from sqlalchemy.engine import Connection

from bootstrap.database import Database
from bootstrap.errors import SourceError
from warehouse.maps import Map
from warehouse.maps.columns import ALIKE, Mapping, fits, map_columns, not_recognised
from warehouse.sources.connecting import NAMES, column_types, connect, explained, schema_and_table
from warehouse.sources.source import Source, Tally

_ROWS_IN_BATCH = 5_000
_BITS = 256
_EXACT = Numeric(30, 6)  # what a real or double is taken as for sums


@dataclass
class DatabaseTable(Source):
    """``path`` is the name of the table. All is read on ``connection``, so of one moment, and closed at the end.

    ``types`` are SQLAlchemy's, by the names of ``mapping``.
    """

    mapping: Mapping
    database: Database = field(repr=False)
    connection: Connection = field(repr=False)
    types: dict[str, Any] = field(repr=False)
    _digest: int = field(default=0, init=False)

    @cached_property
    def sha256(self) -> str:
        """Hash of the lines that were read, in hexadecimal; it does not depend on their order. Known after reading."""
        return f"{self._digest:064x}"

    @property
    def opening(self) -> bytes:
        return b""

    @property
    def look_back(self) -> int:
        return self.database.look_back

    def leave_out_before(self, last: date) -> None:
        """Read the invoices with a line on a day from the look-back before ``last`` on, whole.

        Raises ``SourceError`` where days cannot be told apart in the database.
        """
        if not self.has_days:
            name = self._name("invoice_date")
            raise SourceError(
                f"column {name} is {self.types.get(name, 'missing')} there, so what is new cannot be told. Read it "
                "whole, without --append, or name a view that makes it a timestamp.",
                path=self.path,
            )
        self.since = last - timedelta(days=self.look_back)

    @property
    def has_days(self) -> bool:
        """Whether the database tells the days of its lines apart, and which lines are of one invoice."""
        kind = self._type("invoice_date")
        is_known = self.connection.dialect.name in NAMES and bool(self._name("invoice_no"))
        return is_known and isinstance(kind, Date | kinds.DateTime)

    def blocks(self) -> Iterator[bytes]:
        """As every source; what was read is not looked at again, since it is of one snapshot."""
        return self._watched()

    def _blocks(self) -> Iterator[bytes]:
        self.account.leave_out_columns([name for name in self.types if name not in self.mapping.names], str(self.path))
        with closing(self.connection), explained(self.database):
            self.account.counted = self.connection.execute(self._counting()).scalar()
            number = 1
            streamed = self.connection.execution_options(stream_results=True, max_row_buffer=_ROWS_IN_BATCH)
            for rows in streamed.execute(self._selecting()).partitions(_ROWS_IN_BATCH):
                yield "".join([self._line(*row) for row in enumerate(rows, number)]).encode()
                number += len(rows)
                self.account.parts[str(self.path)] += len(rows)
            self._tally_there()
        if number == 1 and self.since:
            raise SourceError(
                f"there is no line of {self.since:%-d %B %Y} or later in it, which the loaded data has. Check that it "
                "is the right table, or look further back: LGS_LOOK_BACK.",
                path=self.path,
            )

    def _line(self, number: int, row: Sequence[Any]) -> str:
        """The line as COPY text; nothing for one that is set aside."""
        self._tally(row)
        try:
            values = [_text(value) for value in row]
            reason = "a NUL character" if any("\0" in value for value in values if value) else ""
        except UnicodeDecodeError:
            values, reason = [], "bytes that are not UTF-8"
        if reason:
            self.rejects.add(number, reason, "\t".join(str(value) for value in row))
            return ""
        copied = self.copied(number, values, self.mapping)
        line = hashlib.sha256(copied.partition("\t")[2].encode()).digest()
        self._digest = (self._digest + int.from_bytes(line)) % (1 << _BITS)
        return copied

    def _tally(self, row: Sequence[Any]) -> None:
        quantity, moment, price = self.mapping.picked(row, ("quantity", "invoice_date", "unit_price"))
        if self.has_days and moment is not None:
            day = moment.date() if isinstance(moment, datetime) else moment
            amount = _number(quantity) * _number(price) if self._has_amounts else Decimal(0)
            self.read[day] = self.read.get(day, Tally()) + Tally(1, amount)

    def _tally_there(self) -> None:
        """What the whole table has on each day, as the server adds it up."""
        if not self.has_days:
            self.account.decisions.append("days not compared with the database, which does not tell them apart")
            return
        day = cast(self._column("invoice_date"), Date)
        quantity, price = (self._summed(name) for name in ("quantity", "unit_price"))
        amount = func.sum(quantity * price) if self._has_amounts else func.sum(0)
        for found, lines, total in self.connection.execute(select(day, func.count(), amount).group_by(day)):
            if found is not None:
                self.there[found] = Tally(lines, _number(total))

    @cached_property
    def _has_amounts(self) -> bool:
        return all(isinstance(self._type(name), Integer | Numeric) for name in ("quantity", "unit_price"))

    def _summed(self, meaning: str) -> Any:
        """A real or double as it is sent, which is as text: as a number it may be cut to fewer digits, or have more."""
        number = self._column(meaning)
        if not isinstance(self._type(meaning), kinds.Float):
            return number
        return cast(number if self.connection.dialect.name == "mssql" else cast(number, String), _EXACT)

    def _selecting(self) -> Any:
        """The lines; of those since a day, all of the invoices that have one, and those without a number."""
        everything = select(*map(self._table.c.__getitem__, self.mapping.names))
        if self.since is None:
            return everything
        number, day = self._as_compared(self._column("invoice_no")), self._column("invoice_date")
        wanted = select(number.label("number")).where(day >= self.since).distinct().subquery()
        joined = self._table.outerjoin(wanted, number == wanted.c.number)
        return everything.select_from(joined).where(wanted.c.number.is_not(None) | (day >= self.since))

    def _counting(self) -> Any:
        return select(func.count()).select_from(self._selecting().subquery())

    def _as_compared(self, number: Any) -> Any:
        """Without what makes no difference in a number, or a part of the lines of one would be taken for all."""
        return func.upper(func.trim(number)) if isinstance(self._type("invoice_no"), String) else number

    @cached_property
    def _table(self) -> Any:
        schema, name = schema_and_table(self.database)
        return table(name, *map(column, self.mapping.names), schema=schema)

    def _name(self, meaning: str) -> str:
        position = self.mapping.positions[meaning]
        return "" if position is None else self.mapping.names[position]

    def _type(self, meaning: str) -> Any:
        return self.types.get(self._name(meaning))

    def _column(self, meaning: str) -> Any:
        return self._table.c[self._name(meaning)]


def open_database(database: Database, how: Map) -> DatabaseTable:
    """Connect, and find the columns. Raises ``SourceError`` where it cannot be read, ``Unreachable`` as ``connect``."""
    with ExitStack() as stack:
        connection = stack.enter_context(closing(connect(database)))
        opened = _opened(database, how, connection)
        stack.pop_all()  # it is closed when all is read
    return opened


def _opened(database: Database, how: Map, connection: Connection) -> DatabaseTable:
    path, dialect = Path(f"table {database.table}"), connection.dialect
    if dialect.name == "postgresql":
        connection.exec_driver_sql("select set_config('timezone', %s, true)", (how.time_zone,))
    types = column_types(connection, database)
    names = list(types)
    if fits(names, how) < ALIKE:
        raise not_recognised(names, path=path, kind="a table")
    mapping = _of_used(map_columns(names, path=path, how=how))
    name = NAMES.get("mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name, dialect.name)
    opened = DatabaseTable(path, f"{name} table", how, mapping, database, connection, types)
    if dialect.name not in NAMES:
        opened.account.warnings.append(
            f"what is written to {dialect.name} while it is read may be read in part: lgs knows no snapshot of it."
        )
    return opened


def _of_used(mapping: Mapping) -> Mapping:
    """The same, of the columns that mean something: no others are asked for."""
    used = sorted({position for position in mapping.positions.values() if position is not None})
    positions = {meaning: None if at is None else used.index(at) for meaning, at in mapping.positions.items()}
    return Mapping(tuple(mapping.names[position] for position in used), positions)


def _text(value: Any) -> str | None:
    """As PostgreSQL prints it; a float with the digits that it needs, whole without a point."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode()
    return str(value)


def _number(value: Any) -> Decimal:
    """What a sum takes it for; nothing adds nothing."""
    number = Decimal(repr(value) if isinstance(value, float) else value or 0)
    return number if number.is_finite() else Decimal(0)
