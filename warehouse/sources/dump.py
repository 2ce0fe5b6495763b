"""Plain pg_dump files: the data of the one table that has the shop's columns, with all its partitions."""

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from psycopg2.extensions import encodings

from bootstrap.errors import SourceError
from warehouse.maps import Map
from warehouse.maps.columns import ALIKE, COLUMNS, Mapping, fits, map_columns
from warehouse.sources import stream
from warehouse.sources.names import Statement, names_in, read
from warehouse.sources.rows import copied, inserted
from warehouse.sources.source import Source
from warehouse.sources.statements import Script

_ENCODING = re.compile(rb"^[ \t]*set\s+client_encoding\s*(?:=|to)\s*'?([\w-]+)", re.IGNORECASE | re.MULTILINE)
# Not the codecs that psycopg2 has for them: SQL_ASCII means any bytes, and the other is MySQL's name.
_SPELLINGS = {"SQLASCII": "utf-8", "UTF8MB4": "utf-8"}
_FOREIGN = {
    rb"-- (?:mysql|mariadb) dump|-- phpmyadmin sql dump|/\*m?!\d{5}"
    rb"|(?:insert (?:ignore )?into|replace into|create table(?: if not exists)?) (?:\w+\.)?`": (
        "is a dump of MySQL, which writes texts differently. Export the table as tab-separated text instead: "
        "mysql --batch -e 'select * from TABLE' DATABASE > retail.tsv."
    ),
    rb"(?:insert(?: into)?|(?:create|alter|drop) table|use) \[|/\*{5,} object:|set identity_insert ": (
        "is a script of SQL Server, which writes texts differently. Export the table as CSV with column names instead, "
        "in Management Studio with Tasks > Export Data."
    ),
}


@dataclass
class Survey:
    """What the statements of a dump say, as they pass by. ``types`` are those of CREATE TABLE, by table and column."""

    script: Script
    how: Map
    types: dict[str, dict[str, str]] = field(default_factory=dict)
    wholes: dict[str, str] = field(default_factory=dict)
    tables: dict[str, dict[str, str]] = field(default_factory=dict)
    place: tuple[int, str] = (0, "")
    schema: str = ""
    version: int = 0
    is_whole: bool = True

    def data(self) -> Iterator[Statement]:
        """Each COPY and INSERT, with the columns of its table. Its rows come next in the script, and have to be read.

        Raises ``SourceError`` for one that may be of transactions, but cannot be understood.
        """
        for number, text in self.script.statements():
            said = read(text)
            said = said._replace(table=self._qualified(said.table), whole=self._qualified(said.whole), number=number)
            match said.kind:
                case "copy" | "insert":
                    types = self.types.get(said.table, {})
                    columns = self.tables[said.table] = {name: types.get(name, "") for name in said.columns or types}
                    yield said._replace(whole=self._whole(said.table), columns=columns, place=self.place)
                case "odd copy" if self.pass_over(said):
                    why = "this COPY cannot be understood, so its data cannot be read. Dump it with pg_dump."
                    raise SourceError(why, path=self.script.path, line=number)
                case "odd insert" if self.pass_over(said) and fits(names_in(text), self.how) >= ALIKE:
                    why = "this INSERT cannot be understood, but names columns of ours. Dump it with pg_dump."
                    raise SourceError(why, path=self.script.path, line=number)
                case _:
                    self._note(said)

    def _note(self, said: Statement) -> None:
        dump, database = self.place
        match said.kind:
            case "begun":
                self.place, self.is_whole = (dump + 1, database), False
            case "ended":
                self.is_whole = True
            case "version":
                self.version = int(said.value)
            case "connect" if not said.value.startswith("-"):
                database = said.value.strip(" '\"").replace('""', '"').replace("\\'", "'")
                self.place, self.schema, self.types, self.wholes = (dump, database), "", {}, {}
            case "path":
                schemas = re.findall(r"[^\s,\"']+", said.value)
                self.schema = next((name for name in schemas if name not in ("pg_catalog", "$user", "false")), "")
            case "escapes":
                self.script.has_backslashes = said.value.lower() == "off"
            case "create":
                inherited = self.types.get(said.whole, {})
                self.types[said.table] = self.tables[said.table] = inherited | said.columns | inherited
        if said.kind in ("create", "attach") and said.whole:
            self.wholes[said.table] = said.whole

    def pass_over(self, data: Statement) -> int:
        """Read away data; the number of its lines, which is 1 for any INSERT."""
        if "copy" in data.kind:
            return sum(block.count(b"\n") for _, block in self.script.data(data.whole))
        if not data.text.endswith(b";"):
            self.script.statement()
        return 1

    def reads(self, data: Statement) -> bool:
        """Whether the table, or its part, may be read, by its full name or without the schema."""
        names = {data.table, data.whole, data.table.rpartition(".")[2], data.whole.rpartition(".")[2]}
        return names.isdisjoint(self.how.skip) and (not self.how.only or not names.isdisjoint(self.how.only))

    def mapping(self, data: Statement) -> Mapping | None:
        """Where the columns of transactions are, in a table that may be read and has all of them."""
        if self.reads(data) and (self.how.only or fits([*data.columns], self.how) >= ALIKE):
            with suppress(SourceError):
                return map_columns([*data.columns], path=self.script.path, how=self.how)
        return None

    def first(self) -> tuple[Statement, Mapping]:
        """The first data with all columns; that of a table without lines only when there is no other.

        Raises ``SourceError`` when no table will do: which column the one most alike lacks, or what tables there are.
        """
        empty = None
        for data in self.data():
            mapping = self.mapping(data)
            if mapping and (data.kind == "insert" or any(block for _, block in self.script.data(data.whole))):
                return data, mapping
            if not mapping:
                self.pass_over(data)
            empty = empty or (mapping and (data, mapping))
        if empty:
            return empty
        table, columns = max(self.tables.items(), key=lambda item: fits([*item[1]], self.how), default=("", {}))
        why = f"table {table} has no data. Have it dumped with its data, not with --schema-only."
        if fits([*columns], self.how) < ALIKE:
            found = ", ".join(self.tables) or "none"
            why = f"no table of transactions; tables found: {found}. Load a dump of a table with {', '.join(COLUMNS)}."
        else:
            map_columns([*columns], path=self.script.path, how=self.how)
        raise SourceError(why, path=self.script.path)

    def _qualified(self, table: str) -> str:
        return f"{self.schema}.{table}" if table and self.schema and "." not in table else table

    def _whole(self, table: str) -> str:
        for _ in self.wholes:
            table = self.wholes.get(table, table)
        return table


@dataclass
class Dump(Source):
    """Walks over everything else in the file without running it. ``found`` is where the data begins."""

    mapping: Mapping
    found: Statement
    encoding: str

    def _blocks(self) -> Iterator[bytes]:
        survey, table = _survey(self.path, self.encoding, self.how), self.found.whole
        others, whys = Counter[str](), dict[tuple[bytes, tuple[int, str]], str]()
        for data in survey.data():
            if (data.whole, data.place) == (table, self.found.place) and survey.reads(data):
                rows = copied if data.kind == "copy" else inserted
                yield from rows(survey.script, data, self._mapping(data), self)
            elif lines := survey.pass_over(data):
                others[data.whole] += lines
                key = data.text, data.place
                whys[key] = whys.get(key) or self._why_not(survey, data)
                note = f"; {others[data.whole]:,} lines" if data.kind == "copy" else ""
                self.account.left_out[f"table {data.whole}"] = whys[key] + note
        if not survey.is_whole:
            why = "the file does not end as pg_dump ends it, so it is cut off. Have it dumped or copied again, wholly."
            raise SourceError(why, path=self.path, line=survey.script.number)

    def _mapping(self, data: Statement) -> Mapping:
        """Where the columns of this part of the table are. Raises ``SourceError`` when it does not go with the rest."""
        mapping, why = map_columns([*data.columns], path=self.path, how=self.how), ""
        if data.kind != self.found.kind:
            why = f"the data of {data.whole} comes as COPY and as INSERT. Have it dumped again, in one form."
        elif data.kind == "copy" and data.value:
            why = f"COPY {data.whole} has options that pg_dump does not write ({data.value}). Load a plain pg_dump."
        elif mapping.columns != self.columns:
            why = f"only some of the data of {data.whole} has a currency. Have it dumped again, with the same columns."
        if why:
            raise SourceError(why, path=self.path, line=data.number)
        if data.whole not in self.account.parts:
            self.account.leave_out_columns(mapping.left_out, data.whole)
        return mapping

    def _why_not(self, survey: Survey, data: Statement) -> str:
        """Why this data is not read. Raises ``SourceError`` when it may be of transactions, and nobody has said."""
        if not survey.reads(data):
            return "left out by --only or --skip"
        ours, other, here, there = self.found.whole, data.whole, self.found.place[1], data.place[1]
        missing = [name for name in COLUMNS if fits([*data.columns, name], self.how) > fits([*data.columns], self.how)]
        if ours == other and here != there:
            here, there = here or "one without a name", there or "one without a name"
            why = f"two databases with {ours}: {here} and {there}. Dump one, with pg_dump {here}."
        elif ours == other:
            why = f"two dumps in one file, both with {ours}. Load one of them."
        elif survey.mapping(data):
            why = f"two tables of transactions: {ours} and {other}. Name the one to read with --only, "
            why += "or have one dumped with pg_dump --table."
        elif len(missing) > len(COLUMNS) - ALIKE:
            return "its columns are not those of transactions"
        else:
            lacks = f"has no {', '.join(missing)}" if missing else "has two columns of one meaning"
            why = f"{other} is like {ours}, the table of transactions, but {lacks}. Say --skip {other} to leave it out."
        raise SourceError(why, path=self.path, line=data.number)


def open_dump(path: Path, how: Map) -> Dump:
    """Find the table and how its prices are printed. Raises ``SourceError`` when there is none."""
    start = stream.start(path)
    for mark, why in _FOREIGN.items():
        if re.search(rb"^(?:%b)" % mark, start.partition(b"\nCOPY ")[0], re.IGNORECASE | re.MULTILINE):
            raise SourceError(why, path=path)
    encoding, who = _encoding(start, how, path)
    survey = _survey(path, encoding, how)
    data, mapping = survey.first()
    dump = Dump(path, f"{data.kind.upper()} dump", how, mapping, data, encoding)
    position = mapping.positions["unit_price"]
    kind = "" if position is None else data.columns[mapping.names[position]]
    if survey.version < 12:
        # These servers print real with nine digits, so that 6.95 reads 6.94999981.
        dump.price_type = next((name for name in ("real", "double precision") if kind.startswith(name)), None)
    alone = "named with --only" if how.only else "the only one with all eight columns"
    dump.account.decisions = [f"encoding {encoding.upper()}, as {who}", f"table {data.whole}: {alone}"]
    return dump


def _encoding(start: bytes, how: Map, path: Path) -> tuple[str, str]:
    """Python's name of the dump's encoding, and who says it. Raises ``SourceError`` for one that is not known."""
    if how.encoding:
        return codecs.lookup(stream.text_of(b"", how.encoding, path)[1]).name, "the map says"
    said = _ENCODING.search(start)
    if not said:
        return "utf-8", "the dump says nothing else"
    name = said[1].decode("ascii", "replace")
    plain = re.sub(r"[\W_]", "", name).upper()
    if known := _SPELLINGS.get(plain) or encodings.get(plain):
        return codecs.lookup(known).name, "the dump says"
    raise SourceError(
        f"client_encoding {name} is not known here. Have it dumped with pg_dump --encoding=UTF8.", path=path
    )


def _survey(path: Path, encoding: str, how: Map) -> Survey:
    return Survey(Script(stream.text_blocks(path, encoding), path), how)
