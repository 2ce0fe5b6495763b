"""Spreadsheets (.xlsx, .xlsb, .xls, .ods), read by calamine, with one sheet of lines or several."""

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from bootstrap.errors import SourceError
from warehouse.maps import Map
from warehouse.maps.columns import ALIKE, COLUMNS, EXTRAS, Mapping, fits, map_columns, not_recognised
from warehouse.sources.source import Place, Source

_HEAD, _ROWS_IN_BLOCK, _CHUNK = 30, 500, 1 << 16
_LARGEST = 1 << 30  # bytes unpacked: calamine holds a whole sheet, in about as much memory
_BOMB_RATIO, _BOMB_SIZE = 200, 64 << 20  # unpacked to packed; unpacked bytes below which no ratio matters
_HALF_SECOND = timedelta(milliseconds=500)
_LAST = datetime.max - _HALF_SECOND  # rounded up, a later one would be no date
_ROW_ENDS = re.compile(rb"</(?:\w+:)?row>")
_VALUE = re.compile(rb"<(?:\w+:)?[vt](?: [^>]*)?>[^<]")
# A formula without a value was never calculated, as in workbooks that programs write.
_NO_VALUE = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*><f[^>]*(?:/>|>[^<]*</f>)(?:<v ?/>|<v></v>)?</c>')
_KINDS = {
    "XLSX": "an Excel workbook",
    "XLSB": "a binary workbook (.xlsb)",
    "ODS": "an OpenDocument sheet (.ods)",
    "XLS": "an old Excel workbook (.xls)",
}
FORMS = {"xl/workbook.xml": "XLSX", "xl/workbook.bin": "XLSB", "content.xml": "ODS"}

Row = list[str]


@dataclass
class Workbook(Source):
    """Each sheet with a row that names the shop's columns; the others, such as notes, are left out and named.

    ``members`` are the parts of an .xlsx that hold its sheets, by their names.
    """

    members: dict[str, str]
    is_typed = True
    null = ""
    columns = (*COLUMNS, *EXTRAS)

    def _blocks(self) -> Iterator[bytes]:
        shift, first_rows = 0, []
        for sheet, is_hidden in self._worksheets():
            head = list(islice(_rows(sheet), _HEAD))
            at, names = max(enumerate(head, 1), key=lambda row: fits(row[1], self.how), default=(0, []))
            first_rows += [[name for name in row if name] for row in head if any(row)][:1]
            formulas = self._count(sheet)
            if self._leaves_out(sheet, names, is_hidden=is_hidden):
                continue
            mapping = self._map(sheet.name, at, names, formulas)
            self.account.passed_over["rows down to the column names"] += sum(map(any, head[:at]))
            self.found_in.append(Place(f"{self.path.name} [{sheet.name}]", shift + 1, shift))
            numbered = enumerate(islice(_rows(sheet), at, None), shift + at + 1)
            while block := list(islice(numbered, _ROWS_IN_BLOCK)):
                shift, filled = block[-1][0], [row for row in block if any(row[1])]
                self.account.parts[f"sheet {sheet.name}"] += len(filled)
                yield "".join([self.copied(*row, mapping) for row in filled]).encode("utf-8", "replace")
        if not self.found_in:
            kind = f"{_KINDS[self.form]} without transactions"
            raise not_recognised(max(first_rows, key=len, default=["no rows"]), path=self.path, kind=kind)

    def _worksheets(self) -> Iterator[tuple[CalamineSheet, bool]]:
        """Each sheet of cells, and whether it is hidden."""
        with _told_as_damage(self.path, self.form):
            workbook = CalamineWorkbook.from_path(str(self.path))
            for meta in workbook.sheets_metadata:
                if meta.typ == SheetTypeEnum.WorkSheet:
                    yield workbook.get_sheet_by_name(meta.name), meta.visible != SheetVisibleEnum.Visible

    def _count(self, sheet: CalamineSheet) -> dict[int, int]:
        """Count the rows with values: of an .xlsx in its XML, of others in what calamine holds.

        The first row of each column, from 0 on, with a formula that was never calculated, in the order of the rows.
        """
        formulas: dict[int, int] = {}
        errors = 0
        if sheet.name not in self.members:
            self.account.counted += sum(map(any, _rows(sheet)))
            return formulas
        for row in _xml_rows(self.path, self.members[sheet.name]):
            self.account.counted += _VALUE.search(row) is not None
            errors += row.count(b't="e"')
            for letters, number in _NO_VALUE.findall(row) if b"<f" in row else ():
                column = sum((byte - 64) * 26**power for power, byte in enumerate(reversed(letters))) - 1
                formulas.setdefault(column, int(number))
        if errors:
            why = f"sheet {sheet.name} has {errors:,} cells with errors such as #N/A, which are read as missing."
            self.account.warnings.append(why)
        return formulas

    def _leaves_out(self, sheet: CalamineSheet, names: Row, *, is_hidden: bool) -> bool:
        is_alike = fits(names, self.how) >= ALIKE
        if is_alike and self.how.reads(sheet.name):
            if is_hidden and sheet.name not in self.how.only:
                why = f"sheet {sheet.name} is hidden and holds transactions. Name the sheets to read with --only, "
                raise SourceError(f"{why}or leave it out with --skip '{sheet.name}'.", path=self.path)
            return False
        rows = sum(map(any, _rows(sheet)))
        why = "left out as asked" if is_alike else "no row of it names the columns of transactions"
        hidden = "; a hidden sheet" if is_hidden else ""
        self.account.left_out[f"sheet {sheet.name}"] = f"{why}; {rows:,} rows{hidden}"
        self.account.passed_over["rows of other sheets"] += rows
        return True

    def _map(self, sheet: str, at: int, names: Row, formulas: dict[int, int]) -> Mapping:
        """Where the columns are. Raises ``SourceError`` for one that is missing, and for one with such formulas."""
        while not names[-1]:
            names = names[:-1]
        path = Path(f"{self.path} [{sheet}]")
        mapping = map_columns(names, path=path, how=self.how)
        meanings = {mapping.positions[meaning]: meaning for meaning in COLUMNS}
        for column, row in formulas.items():
            if column in meanings:
                why = "is a formula that was never calculated. Open the workbook, save it and load it again."
                raise SourceError(f"{meanings[column]} {why}", path=path, line=row)
        self.account.decisions.append(f"sheet {sheet}: column names in row {at}")
        self.account.leave_out_columns(mapping.left_out, f"sheet {sheet}")
        return mapping


def open_workbook(path: Path, how: Map) -> Workbook:
    """Look at the archive before unpacking any of it. Raises ``SourceError`` when it would unpack to too much."""
    if not zipfile.is_zipfile(path):
        return Workbook(path, "XLS", how, {})
    with _told_as_damage(path, "XLSX"), zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        for info in infos:
            is_bomb = info.file_size > _BOMB_SIZE and info.file_size > _BOMB_RATIO * max(info.compress_size, 1)
            if is_bomb or info.file_size > _LARGEST:
                size = f"{info.file_size >> 20:,} MiB"
                why = f"{info.filename} in it would unpack to {size}, so it is not read. Save the lines as CSV instead."
                raise SourceError(why, path=path)
        names = {info.filename for info in infos}
        form = next(form for member, form in FORMS.items() if member in names)
        return Workbook(path, form, how, _members(archive) if form == "XLSX" else {})


def _members(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part of the archive that holds each sheet."""
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    members = {}
    for sheet in ElementTree.fromstring(archive.read("xl/workbook.xml")).iterfind("{*}sheets/{*}sheet"):
        key = next((value for name, value in sheet.items() if name.endswith("}id")), None)
        members[sheet.get("name", "")] = "xl/" + targets.get(key, "").lstrip("/").removeprefix("xl/")
    return {name: member for name, member in members.items() if member in archive.namelist()}


def _xml_rows(path: Path, member: str) -> Iterator[bytes]:
    """The text of each row in a sheet's XML."""
    with _told_as_damage(path, "XLSX"), zipfile.ZipFile(path) as archive, archive.open(member) as file:
        rest = b""
        while chunk := file.read(_CHUNK):
            *rows, rest = _ROW_ENDS.split(rest + chunk)
            yield from rows


def _rows(sheet: CalamineSheet) -> Iterator[Row]:
    """The rows of the sheet from row 1 and column A on, as text."""
    before = [""] * (sheet.start or (0, 0))[1]
    for row in sheet.iter_rows():
        yield before + [_text(value) for value in row]


@contextmanager
def _told_as_damage(path: Path, form: str) -> Iterator[None]:
    """Around calls of calamine and zipfile: a damaged archive comes up there as almost any kind of error."""
    try:
        yield
    except SourceError:
        raise
    except PasswordError as error:
        raise SourceError("is protected with a password. Save it without one, or as CSV.", path=path) from error
    except Exception as error:
        why = (str(error) or type(error).__name__)[:200]
        raise SourceError(
            f"the workbook is damaged: it is {_KINDS[form]}, and reading it ends in an error ({why}). "
            "Save it again as .xlsx (Excel Workbook), or as CSV.",
            path=path,
        ) from error


def _text(value: Any) -> str:
    """The value as a dump would print it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return (min(value.replace(tzinfo=None), _LAST) + _HALF_SECOND).replace(microsecond=0).isoformat(" ")
    if isinstance(value, date):
        return f"{value.isoformat()} 00:00:00"
    return "" if value is None else str(value)
