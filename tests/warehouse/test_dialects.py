"""The same lines in any dialect of any form: either all of them arrive, or the file is refused; never anything else."""

import csv
import gzip
import io
import os
import zipfile
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from bootstrap.contracts import run_contracts
from bootstrap.errors import SourceError
from tests.warehouse.shop import (
    FIRST_EDITION,
    HEADER,
    SECOND_EDITION,
    copy_text,
    inserts_text,
    quiet,
    write,
    write_ods,
    write_xlsx,
)
from warehouse.lines import load_contracts
from warehouse.load import load
from warehouse.sources import open_source

EXAMPLES = int(os.environ.get("LGS_TEST_EXAMPLES", "120"))
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
START = datetime(2009, 12, 1)
TEXTS = st.one_of(
    st.sampled_from(
        ["LANTERN", 'CUP 7" TALL', '"BIG" CUP', "TIN, RED; BLUE|GREEN", "A\\B\\t", "5' X 3'", "=SUM(A1)", "£5 é"]
    ),
    st.text(st.sampled_from("AB \"',;|~\\é\u20ac=+-#"), min_size=1, max_size=8),
    st.just("two\nlines"),
)


@dataclass(frozen=True)
class Line:
    """One transaction, before anybody writes it down."""

    invoice: str
    code: str
    text: str | None
    quantity: int
    moment: datetime
    price: Decimal
    customer: int | None
    country: str


LINES = st.lists(
    st.builds(
        Line,
        invoice=st.builds(
            lambda letter, n: f"{letter}{n}", st.sampled_from(["", "", "C", "A"]), st.integers(489434, 489440)
        ),
        code=st.sampled_from(["85048", "79323W", "POST", "M", "DCGS0058"]),
        text=st.one_of(st.none(), TEXTS),
        quantity=st.one_of(st.integers(-24, 48), st.sampled_from([1000, 12500, -1200])),
        moment=st.integers(0, 60 * 24 * 700).map(lambda minutes: START + timedelta(minutes=minutes)),
        price=st.one_of(
            st.integers(0, 9999).map(lambda n: Decimal(n) / 100), st.sampled_from([Decimal(3), Decimal("1.055")])
        ),
        customer=st.one_of(st.none(), st.integers(12346, 18287)),
        country=st.sampled_from(["United Kingdom", "EIRE", "France", "Unspecified"]),
    ),
    min_size=1,
    max_size=12,
)
DATES = {
    "iso": "%Y-%m-%d %H:%M:%S",
    "iso T": "%Y-%m-%dT%H:%M",
    "slashes, year first": "%Y/%m/%d %H:%M",
    "British": "%d/%m/%Y %H:%M",
    "American": "%m/%d/%Y %I:%M %p",
    "German": "%d.%m.%Y %H:%M:%S",
    "named": "%d-%b-%Y %H:%M",
}


def grouped(number: str, decimal: str, thousands: str) -> str:
    """1234.5 as 1.234,5 or the like."""
    sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
    whole, _, part = digits.partition(".")
    return sign + f"{int(whole):,}".replace(",", thousands) + (decimal + part if part else "")


@st.composite
def dialects(draw):
    """How a CSV file is written."""
    decimal = draw(st.sampled_from([".", ".", ","]))
    return {
        "delimiter": draw(st.sampled_from([",", ";", "\t", "|", "~"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, None])),
        "line end": draw(st.sampled_from(["\n", "\r\n", "\r"])),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])),
        "dates": draw(st.sampled_from(sorted(DATES))),
        "decimal": decimal,
        "thousands": draw(st.sampled_from(["", "", "." if decimal == "," else ",", " "])),
        "names": draw(st.sampled_from([FIRST_EDITION, SECOND_EDITION, HEADER])),
        "above": draw(st.sampled_from(["", "", "Sales of the shop{end}", "sep={delimiter}{end}", "{end}{end}"])),
        "blank": draw(st.sampled_from(["", "", " ", "\u00a0"])),
        "nobody": draw(st.sampled_from(["", "", "NULL", "nan", "\\N"])),
        "packed": draw(st.sampled_from(["", "", "gz", "zip"])),
    }


def values(line: Line, how: dict[str, str]) -> list[str]:
    moment = line.moment.strftime(DATES[how["dates"]])
    fields = [
        line.invoice,
        line.code,
        line.text or "",
        grouped(str(line.quantity), how["decimal"], how["thousands"]),
        moment,
        grouped(str(line.price), how["decimal"], how["thousands"]),
        str(line.customer or how["nobody"]),
        line.country,
    ]
    return [f"{how['blank']}{field}{how['blank']}" for field in fields]


def delimited(rows: list[list[str]], how) -> str | None:
    """The text of the file; ``None`` where its dialect cannot hold the lines."""
    end = how["line end"]
    above = how["above"].format(end=end, delimiter=how["delimiter"])
    if how["quoting"] is None:
        flat = [[*how["names"]], *rows]
        if any(mark in field for row in flat for field in row for mark in (how["delimiter"], "\n", "\r")):
            return None
        return above + "".join(how["delimiter"].join(row) + end for row in flat)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=how["delimiter"], quoting=how["quoting"], lineterminator=end)
    writer.writerows([[*how["names"]], *rows])
    return above + text.getvalue()


def pack(path: Path, data: bytes, packed: str) -> Path:
    if packed == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("retail.csv", data)
    else:
        path.write_bytes(gzip.compress(data) if packed else data)
    return path


def content(database, path: Path):
    """What the warehouse would hold, month by month; ``None`` for a file that is refused. Nothing is kept."""
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        try:
            done = load(cursor, open_source(path), max_rejects=0, progress=quiet())
        except SourceError:
            return None
        run_contracts(cursor, load_contracts())
        cursor.execute("select month, lines, content_hash from warehouse.month order by month")
        assert done.rejected == {}
        return cursor.fetchall()


def expected(database, tmp_path: Path, lines: list[Line]):
    rows = [
        (
            x.invoice,
            x.code,
            x.text,
            str(x.quantity),
            str(x.moment),
            str(x.price),
            x.customer and str(x.customer),
            x.country,
        )
        for x in lines
    ]
    found = content(database, write(tmp_path / "expected.sql", copy_text(rows, version="16.1", price="numeric")))
    assert found is not None
    return rows, found


def same_or_refused(name: str, found, wanted) -> None:
    event(f"{name}: {'refused' if found is None else 'read'}")
    assert found in (None, wanted)


@FUZZ
@given(lines=LINES, how=dialects())
def test_delimited_text(module_database, tmp_path, lines, how):
    text = delimited([values(line, how) for line in lines], how)
    if text is None:
        return
    _, wanted = expected(module_database, tmp_path, lines)
    path = pack(tmp_path / "retail.csv", text.encode(how["encoding"], "replace"), how["packed"])
    if how["encoding"] == "cp1252" and text.encode("cp1252", "replace").isascii() and not text.isascii():
        return  # the writer has lost what it could not write
    same_or_refused("delimited text", content(module_database, path), wanted)


@settings(FUZZ, max_examples=EXAMPLES // 2)
@given(lines=LINES, form=st.sampled_from(["insert", "columns", "copy", "xlsx", "ods", "parquet"]), dates=st.booleans())
def test_other_forms(module_database, tmp_path, lines, form, dates):
    rows, wanted = expected(module_database, tmp_path, lines)
    typed = [
        (
            x.invoice,
            x.code,
            x.text,
            x.quantity,
            x.moment if dates else str(x.moment),
            float(x.price),
            x.customer,
            x.country,
        )
        for x in lines
    ]
    path = tmp_path / f"retail.{form}"
    if form == "copy":
        write(path, copy_text(rows[::-1], version="9.6.1", price="numeric"))
    elif form in ("insert", "columns"):
        write(path, inserts_text(rows, names=form == "columns"))
    elif form == "xlsx":
        write_xlsx(path, {"Lines": [SECOND_EDITION, *typed]})
    elif form == "ods":
        write_ods(path, {"Lines": [SECOND_EDITION, *typed]})
    else:
        pandas.DataFrame(typed, columns=list(FIRST_EDITION)).to_parquet(path)
    found = content(module_database, path)
    same_or_refused(form, found, wanted)
    if form != "xlsx":
        assert found == wanted


@pytest.mark.parametrize("form", ["xlsx", "ods", "parquet"])
def test_numbers_of_a_column_of_mixed_kinds(module_database, tmp_path, form):
    """Spreadsheets keep 536365 as a number and C536379 as text."""
    lines = [Line("536365", "85048", "A", 1, START, Decimal("2.55"), 13085, "France")]
    lines.append(Line("C536379", "79323W", None, -1, START, Decimal("0.001"), None, "EIRE"))
    _, wanted = expected(module_database, tmp_path, lines)
    typed = [
        (536365, 85048, "A", 1, START, 2.55, 13085.0, "France"),
        ("C536379", "79323W", None, -1, START, 0.001, None, "EIRE"),
    ]
    path = tmp_path / "retail"
    if form == "parquet":
        texts = [(str(row[0]), str(row[1]), *row[2:]) for row in typed]
        pandas.DataFrame(texts, columns=list(FIRST_EDITION)).to_parquet(path)
    else:
        (write_ods if form == "ods" else write_xlsx)(path, {"Lines": [SECOND_EDITION, *typed]})
    assert content(module_database, path) == wanted
