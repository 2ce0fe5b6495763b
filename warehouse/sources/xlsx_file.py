"""Excel workbooks with one sheet of lines or several."""

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from bootstrap.errors import SourceError
from warehouse.sources.columns import COLUMNS, Mapping, fits, map_columns
from warehouse.sources.source import Place, Source, copy_text

_ALIKE = len(COLUMNS) // 2
_WIDEST = 64
_ROWS_IN_BLOCK = 2000
_BOMB_RATIO, _BOMB_SIZE = 200, 64 << 20  # unpacked to packed; unpacked bytes below which no ratio matters
_LARGEST, _LARGEST_STRINGS = 16 << 30, 256 << 20
_HALF_SECOND = timedelta(milliseconds=500)
_LAST = datetime.max - _HALF_SECOND  # rounded up, a later one would be no date

Row = tuple[Any, ...]


@dataclass
class XlsxFile(Source):
    """Each sheet whose first row names the shop's columns; others, such as notes, are passed over."""

    parts: list[Place] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.null = ""

    @property
    def places(self) -> list[Place]:
        return self.parts or super().places

    def _blocks(self) -> Iterator[bytes]:
        with _workbook(self.path) as workbook:
            shift, first_rows = 0, []
            for sheet in workbook.worksheets:
                number, names = self._header(sheet)
                first_rows.append(names)
                if fits(names) >= _ALIKE:
                    place = Place(f"{self.path.name} [{sheet.title}]", shift + 1, shift)
                    self.parts.append(place)
                    mapping = map_columns(names, path=self.path.with_name(place.name))
                    rows = self._rows(sheet, min_row=number + 1, max_col=mapping.width)
                    numbered = enumerate(rows, shift + number + 1)
                    while block := list(islice(numbered, _ROWS_IN_BLOCK)):
                        shift = block[-1][0]
                        yield "".join([self._row(place, mapping, *row) for row in block]).encode("utf-8", "replace")
            if not self.parts:
                found = "; ".join(", ".join(names) for names in first_rows if names) or "nothing"
                why = (
                    f"no sheet names the columns {', '.join(COLUMNS)} in its first row; found {found}. Name them there."
                )
                raise SourceError(why, path=self.path)

    def _rows(self, sheet: Any, **bounds: int) -> Iterator[Row]:
        with _told_as_damage(self.path):
            yield from sheet.iter_rows(values_only=True, **bounds)

    def _header(self, sheet: Any) -> tuple[int, list[str]]:
        """Number and texts of the first row that is not empty; 0 and none for an empty sheet."""
        sheet.reset_dimensions()  # what the file says of its size need not be true
        for number, row in enumerate(self._rows(sheet, max_col=_WIDEST), 1):
            texts = [_text(value) for value in row]
            if any(texts):
                while not texts[-1]:
                    texts.pop()
                return number, texts
        return 0, []

    def _row(self, place: Place, mapping: Mapping, number: int, row: Row) -> str:
        """One row as COPY text; nothing for an empty one. Raises ``SourceError`` for a formula in our columns."""
        if all(value is None or value == "" for value in row):
            return ""
        values = [_text(row[position]) for position in mapping.positions]
        if any(value.startswith("=") for value in values):
            column = COLUMNS[next(index for index, value in enumerate(values) if value.startswith("="))]
            why = f"{column} is a formula. Copy the sheet and paste it as values, then save it."
            raise SourceError(
                why, path=Path(f"{self.path} [{place.name.rpartition(' [')[2]}"), line=number - place.shift
            )
        self.lines_read += 1
        return "\t".join([str(number), *map(copy_text, values)]) + "\n"


def open_xlsx(path: Path) -> XlsxFile:
    """Look at the archive before unpacking any of it. Raises ``SourceError`` when it is no workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        raise _damaged(path, error) from error
    names = {member.filename for member in members}
    if "xl/workbook.xml" not in names:
        raise SourceError("is a ZIP archive, not an Excel workbook. Unpack it and name the file in it.", path=path)
    for member in members:
        is_bomb = member.file_size > _BOMB_SIZE and member.file_size > _BOMB_RATIO * max(member.compress_size, 1)
        is_strings = member.filename.endswith("sharedStrings.xml") and member.file_size > _LARGEST_STRINGS
        if is_bomb or is_strings or member.file_size > _LARGEST:
            size = f"{member.file_size >> 20:,} MiB"
            why = f"{member.filename} in it would unpack to {size}, so it is not read. Save the lines as CSV instead."
            raise SourceError(why, path=path)
    return XlsxFile(path, "XLSX")


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that do not matter here
        with _told_as_damage(path):
            _refuse_entities(path)
            workbook = openpyxl.load_workbook(file, read_only=True, keep_links=False)
        yield workbook
        workbook.close()


@contextmanager
def _told_as_damage(path: Path) -> Iterator[None]:
    """Around calls of openpyxl alone: a damaged archive or XML comes up there as almost any kind of error."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        raise _damaged(path, error) from error


def _refuse_entities(path: Path) -> None:
    """Entities let a small XML text unfold into a huge one. No spreadsheet program writes them."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.endswith((".xml", ".rels")):
                with archive.open(member) as part:
                    if b"<!DOCTYPE" in part.read(4096).upper():
                        raise SourceError(
                            f"{member.filename} in it defines entities, which no workbook needs.", path=path
                        )


def _text(value: Any) -> str:
    """The value as a dump would print it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return (min(value.replace(tzinfo=None), _LAST) + _HALF_SECOND).replace(microsecond=0).isoformat(" ")
    if isinstance(value, date):
        return f"{value.isoformat()} 00:00:00"
    if isinstance(value, ArrayFormula | DataTableFormula):
        return "="
    return str(value)


def _damaged(path: Path, error: Exception) -> SourceError:
    why = str(error) or type(error).__name__
    return SourceError(f"the workbook is damaged ({why[:200]}). Save it again as .xlsx, or as CSV.", path=path)
