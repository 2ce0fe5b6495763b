"""A small shop whose every line a person can check, and the files it may be handed over in."""

import csv
import gzip
import io
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

import openpyxl
from rich.console import Console

from bootstrap.contracts import run_contracts
from bootstrap.lines import Loaded as Load
from bootstrap.progress import Progress
from bootstrap.stack.account import client_program
from warehouse.lines import load_contracts
from warehouse.load import load
from warehouse.sources import Map, Source, open_source

HEADER = ("invoice_no", "stock_code", "description", "quantity", "invoice_date", "unit_price", "customer_id", "country")
FIRST_EDITION = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
SECOND_EDITION = ("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country")
DUMP_HEAD = """--
-- PostgreSQL database dump
--

-- Dumped from database version {version}
-- Dumped by pg_dump version {version}

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE TABLE public.retail (
    invoice_no text,
    stock_code text,
    description text,
    quantity integer,
    invoice_date timestamp without time zone,
    unit_price {price},
    customer_id real,
    country text
);


ALTER TABLE public.retail OWNER TO postgres;

"""
DUMP_TAIL = """

--
-- PostgreSQL database dump complete
--

"""

Row = Sequence[str | None]

ROWS: list[Row] = [
    # A plain order of two lines, one with blanks around its description.
    ("489434", "85048", "GLASS BALL 20 LIGHTS", "12", "2009-12-01 07:45:00", "6.95", "13085", "United Kingdom"),
    ("489434", "79323W", " WHITE CHERRY LIGHTS ", "12", "2009-12-01 07:45:00", "6.75", "13085", "United Kingdom"),
    # The same line again: a duplicate.
    ("489434", "85048", "GLASS BALL 20 LIGHTS", "12", "2009-12-01 07:45:00", "6.95", "13085", "United Kingdom"),
    # A cancellation, and one with a positive amount.
    ("C489449", "22087", "PAPER BUNTING WHITE LACE", "-12", "2009-12-01 10:33:00", "2.95", "16321", "Australia"),
    ("C496350", "M", "Manual", "1", "2010-02-01 08:24:00", "373.57", None, "United Kingdom"),
    # An adjustment of bad debt, at a price that real rounds.
    ("A506401", "B", "Adjust bad debt", "1", "2010-04-29 13:36:00", "-53594.36", None, "United Kingdom"),
    # A write-off, a free line without a description, a fee, a guest's line.
    ("489464", "21733", "85123a mixed", "-96", "2009-12-01 10:52:00", "0", None, "United Kingdom"),
    ("489521", "21646", None, "50", "2009-12-01 11:44:00", "0", None, "United Kingdom"),
    ("489526", "POST", "POSTAGE", "1", "2009-12-01 11:50:00", "18", "12533", "Germany"),
    ("489522", "35956", "FELTCRAFT \"ST. GEORGE\", 3' x 5'", "3", "2009-12-01 11:45:00", "4.21", None, "EIRE"),
    # The overlap: both lines of the invoice stand twice, one of them a third and fourth time.
    *[("536365", "85123A", "WHITE HEART", "6", "2010-12-01 08:26:00", "2.55", "17850", "United Kingdom")] * 2,
    *[("536365", "71053", "METAL LANTERN", "6", "2010-12-01 08:26:00", "3.39", "17850", "United Kingdom")] * 4,
    # The same days, but an invoice that stands once, with a duplicate.
    ("536366", "22633", "HAND WARMER UK", "6", "2010-12-01 08:28:00", "1.85", "17850", "United Kingdom"),
    *[("536366", "22632", "HAND WARMER RED", "6", "2010-12-01 08:28:00", "1.85", "17850", "United Kingdom")] * 2,
    # What forms of files trip over.
    ("581587", "22899", "NULL", "6", "2011-12-09 12:50:00", "2.1", "12680", "France"),
    ("581587", "23254", "C:\\new\\t", "4", "2011-12-09 12:50:00", "4.15", "12680", "France"),
    ("581587", "23255", "two\nlines; 'quotes', \"too\"", "4", "2011-12-09 12:50:00", "4.15", "12680", "France"),
    ("581587", "POST", "Crème brûlée £5", "1", "2011-12-09 12:50:00", "0.001", "12680", "France"),
]  # fmt: skip


def copy_value(value: str | None) -> str:
    if value is None:
        return "\\N"
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def copy_text(rows: Iterable[Row], *, version: str = "12.1", price: str = "real") -> str:
    """A COPY dump, as pg_dump of ``version`` writes it."""
    lines = "".join("\t".join(map(copy_value, row)) + "\n" for row in rows)
    head = DUMP_HEAD.format(version=version, price=price)
    return f"{head}COPY public.retail ({', '.join(HEADER)}) FROM stdin;\n{lines}\\.\n{DUMP_TAIL}"


def csv_text(rows: Iterable[Row], header: Sequence[str] = SECOND_EDITION, **options: Any) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, **{"lineterminator": "\n", **options})
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write ``text`` as it is, packed when the name says so."""
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def write_xlsx(path: Path, sheets: dict[str, Iterable[Sequence[object]]]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    workbook.save(path)
    return path


def quiet() -> Progress:
    return Progress(console=Console(file=io.StringIO()))


def run_load(
    database,
    path: Path,
    *,
    max_rejects: float = 0.001,
    how: Map | None = None,
    reader: Callable[[Source], Source] = lambda source: source,
) -> Load:
    """Load ``path``, check the contracts and commit, as a refresh does; ``reader`` may change how it is read."""
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        done = load(cursor, reader(open_source(path, how)), max_rejects=max_rejects, progress=quiet())
        run_contracts(cursor, load_contracts())
        return done


def ask(database, sql: str, role: str = "owner") -> list[tuple]:
    with closing(database.connect(role)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def hashes(database) -> list[tuple]:
    """What the warehouse holds, month by month, whatever the order of lines."""
    return ask(database, "select month, lines, amount, content_hash from warehouse.month order by month")


def pg_dump(url: str, path: Path, *options: str) -> Path:
    """A dump by the real program."""
    subprocess.run(
        [client_program("pg_dump"), f"--dbname={url}", f"--file={path}", *options], check=True, capture_output=True
    )
    return path


def inserts_text(rows: Iterable[Row], *, names: bool = False) -> str:
    """The same as a dump of INSERTs."""
    head = copy_text([], version="16.1", price="numeric").partition("COPY")[0]
    columns = f" ({', '.join(HEADER)})" if names else ""
    lines = [", ".join("NULL" if v is None else "'" + v.replace("'", "''") + "'" for v in row) for row in rows]
    return head + "".join(f"INSERT INTO public.retail{columns} VALUES ({line});\n" for line in lines) + DUMP_TAIL


def write_ods(path: Path, sheets: dict[str, Iterable[Sequence[object]]]) -> Path:
    """An OpenDocument sheet, as small as the format allows."""
    tables = "".join(
        f'<table:table table:name="{title}">{"".join(map(_ods_row, rows))}</table:table>'
        for title, rows in sheets.items()
    )
    body = f"{_ODS_HEAD}{tables}</office:spreadsheet></office:body></office:document-content>"
    content = f'<?xml version="1.0" encoding="UTF-8"?>{body}'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", _ODS_MANIFEST)
        archive.writestr("content.xml", content)
    return path


_ODS = "urn:oasis:names:tc:opendocument:xmlns"
_ODS_MANIFEST = f'''<manifest:manifest xmlns:manifest="{_ODS}:manifest:1.0" manifest:version="1.2">
<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
</manifest:manifest>'''
_ODS_HEAD = (
    f'<office:document-content xmlns:office="{_ODS}:office:1.0" xmlns:table="{_ODS}:table:1.0" '
    f'xmlns:text="{_ODS}:text:1.0" office:version="1.2"><office:body><office:spreadsheet>'
)


def _ods_row(row: Sequence[object]) -> str:
    return f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>"


def _ods_cell(value: object) -> str:
    if value is None or value == "":
        return "<table:table-cell/>"
    if isinstance(value, datetime):
        return f'<table:table-cell office:value-type="date" office:date-value="{value.isoformat()}"/>'
    if isinstance(value, int | float):
        return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
    lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in str(value).split("\n"))
    return f'<table:table-cell office:value-type="string">{lines}</table:table-cell>'
