"""Files as people have them: each becomes a true warehouse, or is refused with what to do."""

import csv
import io
import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from bootstrap.errors import SourceError
from tests.warehouse.shop import HEADER, SECOND_EDITION, ask, copy_text, csv_text, run_load, write, write_xlsx
from warehouse.maps import said
from warehouse.sources import Map, open_source

CASES = Path(__file__).parents[1] / "data" / "cases"
HEAD = ",".join(SECOND_EDITION)
LINE = "536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom"
LANTERN = "536366,71053,LANTERN,2,2010-12-02 09:02:00,3.39,17851,United Kingdom"


def lines(*texts: str, head: str = HEAD) -> str:
    return "\n".join([head, *texts]) + "\n"


def one(change: dict[str, str] | None = None) -> str:
    """A line of which some values are others."""
    fields = dict(zip(SECOND_EDITION, LINE.split(","), strict=True)) | (change or {})
    return ",".join(fields.values())


def total(database) -> Decimal:
    return ask(database, "select sum(amount) from warehouse.line")[0][0]


def refused(path: Path, how: Map | None = None) -> str:
    """Why the file is refused when it is opened or read."""
    with pytest.raises(SourceError) as error:
        for _ in open_source(path, how).blocks():
            pass
    return str(error.value)


def refused_load(database, path: Path, how: Map | None = None, max_rejects: float = 0.3) -> str:
    with pytest.raises(SourceError) as error:
        run_load(database, path, how=how, max_rejects=max_rejects)
    return str(error.value)


# Quotes


@pytest.mark.parametrize("name", ["inch.csv", "inch.tsv"])
def test_an_inch_mark_is_no_quote(database, name):
    done = run_load(database, CASES / name)
    assert (done.lines_read, done.lines_kept, total(database)) == (6, 6, Decimal("152.63"))


def test_texts_that_begin_with_an_inch_mark_are_kept_whole(database, tmp_path):
    rows = [one({"Description": text}) for text in ['"BIG" CUP', '7" X 5" FRAME', '"', 'SIGN "OPEN"', 'SIGN 5"']]
    done = run_load(database, write(tmp_path / "a.csv", lines(*rows)))
    assert done.lines_kept == 5
    texts = [text for (text,) in ask(database, "select description from landing.line order by line_number")]
    assert texts == ['"BIG" CUP', '7" X 5" FRAME', '"', 'SIGN "OPEN"', 'SIGN 5"']


def test_in_a_file_that_quotes_a_bare_mark_costs_nothing(database, tmp_path):
    rows = [one({"Description": text}) for text in ['"CUP, BIG"', '16" LAMP', '"5"" PLATE, RED"', "PLAIN"]]
    run_load(database, write(tmp_path / "a.csv", lines(*rows)))
    assert ask(database, "select description from landing.line order by line_number") == [
        ("CUP, BIG",), ('16" LAMP',), ('5" PLATE, RED',), ("PLAIN",),
    ]  # fmt: skip


def test_a_quote_that_is_not_closed_costs_its_own_line(database, tmp_path):
    rows = [one({"Description": '"CUP, BIG"'})] * 20 + [one({"Description": '"CUP'}), *[one()] * 20]
    done = run_load(database, write(tmp_path / "a.csv", lines(*rows)), max_rejects=0.1)
    assert (done.lines_kept, sum(done.rejected.values())) == (40, 1)
    assert ask(database, "select line_number from landing.reject") == [(22,)]


def test_a_stray_quote_and_a_later_one_swallow_nothing_between_them(database, tmp_path):
    quoted = [one({"Description": '"CUP, BIG"'})] * 20
    rows = [*quoted, one({"Description": '"CUP'}), one(), one(), one({"Description": 'CUP"'}), one()]
    done = run_load(database, write(tmp_path / "a.csv", lines(*rows)), max_rejects=0.1)
    assert (done.lines_read, done.lines_kept) == (25, 24)


def test_a_text_of_150_lines_is_one_reject(database, tmp_path):
    long = '"' + "NOTE, LONG\n" * 150 + '"'
    rows = [one(), one({"Description": '"CUP, BIG"'}), one({"Description": long}), one()]
    done = run_load(database, write(tmp_path / "a.csv", lines(*rows)), max_rejects=0.3)
    assert (done.lines_read, done.lines_kept, done.rejected) == (
        4, 3, {"a text in quotes of more than 100 lines": 1},
    )  # fmt: skip


def test_quotes_that_nothing_explains_are_asked_about(database, tmp_path):
    path = write(tmp_path / "a.csv", lines(one({"Description": '"CUP"'}), one()))
    assert "nothing tells whether the quotes belong to them. Say so in a map: quote: none" in refused(path)
    run_load(database, path, how=Map(quote="none"))
    assert ask(database, "select description from landing.line limit 1") == [('"CUP"',)]
    run_load(database, path, how=Map(quote='"'))
    assert ask(database, "select description from landing.line limit 1") == [("CUP",)]


# Dates


def test_dates_that_nothing_decides_are_asked_about(database, tmp_path):
    message = refused_load(database, CASES / "uk-december.csv")
    assert "dates like 01/12/2010 08:26 can be day/month or month/day" in message
    assert "--dates day-first or --dates month-first" in message
    done = run_load(database, CASES / "uk-december.csv", how=Map(dates="day-first"))
    assert "dates day-first, as said" in done.account["decisions"]
    assert ask(database, "select month::text, lines from warehouse.month") == [("2010-12-01", 5)]
    run_load(database, CASES / "uk-december.csv", how=Map(dates="month-first"))
    assert len(ask(database, "select month from warehouse.month")) == 5


@pytest.mark.parametrize("mark", ["/", ".", "-"])
@pytest.mark.parametrize(
    ("first", "second"), [("13{0}12{0}2010", "01{0}12{0}2010"), ("12{0}13{0}2010", "12{0}01{0}2010")]
)
def test_one_date_decides_for_all(database, tmp_path, mark, first, second):
    rows = [one({"InvoiceDate": form.format(mark) + " 8:26"}) for form in (second, first)]
    done = run_load(database, write(tmp_path / "a.csv", lines(*rows)))
    assert f", as {first.format(mark)} 8:26 shows" in str(done.account["decisions"])
    assert ask(database, "select invoice_at::date::text from warehouse.line order by 1") == [
        ("2010-12-01",), ("2010-12-13",),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2010-12-01T08:26:00Z", "2010-12-01 08:26:00"),
        ("2011-06-30T23:30:00Z", "2011-07-01 00:30:00"),
        ("2011-06-30 23:30:00+00", "2011-07-01 00:30:00"),
        ("2011-06-30 23:30:00 +0200", "2011-06-30 22:30:00"),
        ("2010/12/01 8:26", "2010-12-01 08:26:00"),
        ("1-Dec-2010 08:26", "2010-12-01 08:26:00"),
        ("13/12/2010 8:26 PM", "2010-12-13 20:26:00"),
        ("12/13/2010 8:26 am", "2010-12-13 08:26:00"),
    ],
)
def test_other_ways_to_write_a_date(database, tmp_path, text, moment):
    run_load(database, write(tmp_path / "a.csv", lines(one({"InvoiceDate": text}))))
    assert ask(database, "select invoice_at::text from warehouse.line") == [(moment,)]


def test_years_of_two_digits_are_read_when_the_order_is_said(database, tmp_path):
    path = write(tmp_path / "a.csv", lines(one({"InvoiceDate": "1/12/10 8:26"}), one({"InvoiceDate": "13/12/10 8:26"})))
    assert "have years of two digits" in refused_load(database, path)
    run_load(database, path, how=Map(dates="day-first"))
    assert ask(database, "select max(invoice_at)::text from warehouse.line") == [("2010-12-13 08:26:00",)]


@pytest.mark.parametrize("name", ["timestamptz.sql", "timestamptz-summer.sql"])
def test_times_with_an_offset_are_those_of_london(database, name):
    done = run_load(database, CASES / name)
    assert "dates with an offset from UTC, read in the time of Europe/London" in done.account["decisions"]
    months = {"timestamptz.sql": ("2011-01-01", 3), "timestamptz-summer.sql": ("2011-07-01", 1)}
    assert ask(database, "select month::text, lines from warehouse.month") == [months[name]]


def test_another_time_zone_may_be_said(database):
    run_load(database, CASES / "timestamptz-summer.sql", how=Map(time_zone="America/New_York"))
    assert ask(database, "select month::text from warehouse.month") == [("2011-06-01",)]


def test_date_cells_beside_text_are_refused(database, tmp_path):
    """So a spreadsheet of another country leaves British dates: those that it could read it has exchanged."""
    cells = [list(LINE.split(",")) for _ in range(4)]
    for row, value in zip(
        cells, [datetime(2010, 1, 12), datetime(2010, 2, 12), "13/12/2010", "14/12/2010"], strict=True
    ):
        row[4] = value
    message = refused_load(
        database, write_xlsx(tmp_path / "a.xlsx", {"Lines": [SECOND_EDITION, *cells]}), max_rejects=1
    )
    assert "2 are date cells and 2 are text such as 13/12/2010" in message


def test_numbers_of_a_spreadsheet_in_place_of_dates_are_told(database, tmp_path):
    message = refused_load(database, write(tmp_path / "a.csv", lines(one({"InvoiceDate": "40513.3514"}))))
    assert "invoice date is a number, as spreadsheets keep dates" in message
    assert "Format the column as a date in the spreadsheet" in message


def test_a_date_in_another_form_than_all_others_is_a_reject(database, tmp_path):
    rows = [one()] * 9 + [one({"InvoiceDate": "12/1/2010 8:26"})]
    done = run_load(database, write(tmp_path / "a.csv", lines(*rows)), max_rejects=0.2)
    assert done.rejected == {"invoice date is not written as the others are": 1}


# Numbers


def test_numbers_that_a_spreadsheet_shortened_are_refused(database):
    message = refused_load(database, CASES / "scientific.csv", max_rejects=0.5)
    assert "3 lines: a spreadsheet has shortened the invoice number" in message
    assert "Export the file again without opening it in a spreadsheet" in message


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Invoice": "5.36E+05"}, "a spreadsheet has shortened the invoice number"),
        ({"Invoice": "4,50789E+12"}, "a spreadsheet has shortened the invoice number"),
        ({"StockCode": "5.01236E+12"}, "a spreadsheet has shortened the stock code"),
        ({"StockCode": "5E+12"}, "a spreadsheet has shortened the stock code"),
        ({"Customer ID": "1.79E+04"}, "a spreadsheet has shortened the customer id"),
    ],
)
def test_a_shortened_number_is_a_reject(database, tmp_path, change, reason):
    fields = "\t".join((dict(zip(SECOND_EDITION, LINE.split(","), strict=True)) | change).values())
    text = lines(LINE.replace(",", "\t"), fields, head="\t".join(SECOND_EDITION))
    assert run_load(database, write(tmp_path / "a.tsv", text), max_rejects=0.5).rejected == {reason: 1}


@pytest.mark.parametrize(
    ("prices", "quantities", "amounts"),
    [
        (["2,55", "1.234,56"], ["1.000", "6"], ["2550.00", "7407.36"]),
        (["2.55", "1,234.56"], ["1,000", "6"], ["2550.00", "7407.36"]),
        (["2,55", "1 234,56"], ["1\u00a0000", "6"], ["2550.00", "7407.36"]),
        (["2.550", "0.125"], ["6", "8"], ["15.3", "1"]),
        (["0.001", "3"], ["6.0", "7.0"], ["0.006", "21"]),
    ],
)
def test_decimal_signs_of_a_whole_column(database, tmp_path, prices, quantities, amounts):
    fields = [dict(zip(SECOND_EDITION, LINE.split(","), strict=True)) for _ in prices]
    rows = [
        ";".join((row | {"Price": price, "Quantity": quantity}).values())
        for row, price, quantity in zip(fields, prices, quantities, strict=True)
    ]
    run_load(database, write(tmp_path / "a.csv", lines(*rows, head=";".join(SECOND_EDITION))))
    assert ask(database, "select amount from warehouse.line order by line_id") == [(Decimal(a),) for a in amounts]


@pytest.mark.parametrize(
    ("price", "quantity"),
    [("1,055", "6"), ("1.055", "6"), ("3", "1.000"), ("3", "1,000"), ("2.55", "1.000"), ("2.550", "1.000")],
)
def test_a_sign_that_nothing_explains_is_asked_about(database, tmp_path, price, quantity):
    fields = dict(zip(SECOND_EDITION, LINE.split(","), strict=True))
    rows = [";".join((fields | change).values()) for change in ({"Price": "3"}, {"Price": price, "Quantity": quantity})]
    path = write(tmp_path / "a.csv", lines(*rows, head=";".join(SECOND_EDITION)))
    message = refused_load(database, path)
    assert "may part thousands or be the decimal one" in message
    assert "None" not in message
    run_load(database, path, how=Map(decimal="."))


# One odd line


@pytest.mark.parametrize(
    ("name", "kept", "rejected"),
    [
        ("code.csv", 3, {"stock code has signs that no code has": 1}),
        ("quantity.csv", 3, {"quantity is out of range": 1}),
        ("country.csv", 4, {}),
    ],
)
def test_one_odd_line_never_stops_a_file(database, name, kept, rejected):
    done = run_load(database, CASES / name, max_rejects=0.5)
    assert (done.lines_kept, done.rejected) == (kept, rejected)
    assert ask(database, "select distinct country from warehouse.line") == [("United Kingdom",)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Quantity": "1000001"}, "quantity is out of range"),
        ({"Quantity": "999999", "Price": "999"}, "amount is out of range"),
        ({"Price": "1e12"}, "unit price is out of range"),
        ({"StockCode": "?"}, "stock code has signs that no code has"),
        ({"Customer ID": "C-1001"}, "customer id is no whole number"),
        ({"Customer ID": "0"}, "customer id is out of range"),
    ],
)
def test_a_value_beyond_its_range_is_a_reject(database, tmp_path, change, reason):
    done = run_load(database, write(tmp_path / "a.csv", lines(one(), one(change))), max_rejects=0.5)
    assert (done.lines_kept, done.rejected) == (1, {reason: 1})


@pytest.mark.parametrize("customer", ["C-1001", "0"])
def test_customers_that_are_no_numbers_get_advice(database, tmp_path, customer):
    path = write(tmp_path / "a.csv", lines(one({"Customer ID": customer})))
    assert "A customer is a whole number from 1 up, and empty for guests" in refused_load(database, path)


def test_what_is_new_is_kept_and_named(database, tmp_path):
    run_load(database, write(tmp_path / "a.csv", lines(one(), LANTERN)))
    new = one({"Country": "ruritania", "StockCode": "VOUCHER-10"})
    done = run_load(database, write(tmp_path / "b.csv", lines(one(), LANTERN, new)))
    assert (done.lines_kept, done.account["new"]) == (3, ["country Ruritania", "codes like VOUCHER-10"])
    assert any("Ruritania" in warning for warning in done.account["warnings"])
    known = "select country, iso2, region, is_known from warehouse.country order by 1"
    assert ask(database, known) == [
        ("Ruritania", None, "Not known", False),
        ("United Kingdom", "GB", "Northern Europe", True),
    ]
    assert ask(database, "select is_known from warehouse.product where stock_code = 'VOUCHER-10'") == [(False,)]


# Blanks, case and words


@pytest.mark.parametrize(
    ("name", "amount", "customers"),
    [
        ("spaces-after-commas.csv", "22.08", 2),
        ("blank-padded.csv", "22.08", 1),
        ("null-words.csv", "35.64", 0),
        ("char-padded-numbers.sql", "11.10", 3),
    ],
)
def test_blanks_and_words_for_nothing(database, name, amount, customers):
    done = run_load(database, CASES / name)
    assert (done.rejected, total(database)) == ({}, Decimal(amount))
    assert ask(database, "select count(distinct customer_id) from warehouse.line") == [(customers,)]


def test_a_word_for_a_missing_customer_stands_for_a_missing_text_too(database, tmp_path):
    """As exports of MySQL and SQL Server have it; in other files a product may be called NULL."""
    rows = [one({"Description": "NULL"}), one({"Customer ID": "NULL"}), one({"Description": "null", "Country": "NULL"})]
    done = run_load(database, write(tmp_path / "a.csv", lines(*rows)))
    assert "null for what is missing" in done.account["decisions"]
    texts = "select description, country from warehouse.line order by line_id"
    assert ask(database, texts) == [
        (None, "United Kingdom"), ("WHITE HEART", "United Kingdom"), (None, "Unspecified"),
    ]  # fmt: skip
    run_load(database, write(tmp_path / "b.csv", lines(one({"Description": "NULL"}))))
    assert ask(database, "select description from warehouse.line") == [("NULL",)]


@pytest.mark.parametrize("blank", ["\u00a0", "\u2003", "\u3000", "\ufeff", "\v"])
@pytest.mark.parametrize("column", SECOND_EDITION)
def test_a_blank_of_any_kind_makes_no_difference(database, tmp_path, blank, column):
    run_load(database, write(tmp_path / "a.csv", lines(one())))
    padded = one({column: blank + dict(zip(SECOND_EDITION, LINE.split(","), strict=True))[column] + blank})
    done = run_load(database, write(tmp_path / "b.csv", lines(padded)))
    assert (done.rejected, done.months_changed) == ({}, [])


def test_small_letters_mean_what_capitals_mean(database, tmp_path):
    run_load(database, CASES / "lower.csv", max_rejects=0)
    types = "select invoice_no, line_type from warehouse.line order by line_id"
    assert ask(database, types) == [
        ("536365", "sale"), ("C536379", "cancellation"), ("C536380", "cancellation"),
        ("A506401", "adjustment"), ("C536381", "cancellation"), ("C 536382", "cancellation"),
    ]  # fmt: skip


def test_codes_and_countries_have_no_case(database, tmp_path):
    rows = [
        one({"StockCode": code, "Country": country}) for code, country in [("85123a ", "FRANCE"), ("85123A", "france")]
    ]
    rows += [one({"StockCode": code}) for code in ("post", "Post", "POST")]
    run_load(database, write(tmp_path / "a.csv", lines(*rows)))
    assert ask(database, "select stock_code, is_product from warehouse.product order by 1") == [
        ("85123A", True), ("POST", False),
    ]  # fmt: skip
    assert ask(database, "select distinct country from warehouse.line order by 1") == [("France",), ("United Kingdom",)]


def test_a_country_is_one_under_all_its_names(database):
    run_load(database, CASES / "countries.csv")
    assert ask(database, "select country, sum(amount) from warehouse.line group by 1 order by 1") == [
        ("Ireland", Decimal("14.80")), ("United Kingdom", Decimal("58.15")), ("Unspecified", Decimal("7.40")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["GB", "gbr", "U.K.", "Great Britain", " united  kingdom".replace("  ", " "), "England"]
)
def test_a_country_by_another_name(database, tmp_path, name):
    run_load(database, write(tmp_path / "a.csv", lines(one({"Country": name}))))
    assert ask(database, "select country from warehouse.line") == [("United Kingdom",)]


# Dialects of CSV


@pytest.mark.parametrize("name", ["pipe.csv", "sep-semicolon.csv", "title-line-above.csv"])
def test_csv_in_another_dialect(database, name):
    done = run_load(database, CASES / name)
    assert (done.lines_read, done.lines_kept, total(database)) == (2, 2, Decimal("22.08"))


PLAIN = lines(LINE, LANTERN)
DIALECTS = {
    "tilde": PLAIN.replace(",", "~"),
    "control A": PLAIN.replace(",", "\x01"),
    "colons": PLAIN.replace(",", "^"),
    "sep and a title": "sep=;\n\nSales of December\n" + PLAIN.replace(",", ";"),
    "sep of a tab": "sep=\t\n" + PLAIN.replace(",", "\t"),
    "sep of a rare mark": "sep=|\n" + PLAIN.replace(",", "|"),
    "old Mac": PLAIN.replace("\n", "\r"),
    "Windows": PLAIN.replace("\n", "\r\n"),
    "blank lines between": PLAIN.replace("\n", "\n\n"),
    "lines of commas": PLAIN + ",,,,,,,\n",
    "counted by psql": PLAIN.replace(",", "|") + "(2 rows)\n",
    "no last line end": PLAIN.rstrip(),
}


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_same_lines_in_every_dialect(database, tmp_path, name, encoding):
    done = run_load(database, write(tmp_path / "a.csv", DIALECTS[name], encoding))
    assert (done.lines_read, done.lines_kept, total(database)) == (2, 2, Decimal("22.08"))


def test_a_zip_with_one_file(database, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/december.csv", PLAIN)
    assert run_load(database, tmp_path / "a.zip").lines_kept == 2


def test_another_encoding_is_named_in_a_map(database, tmp_path):
    path = write(tmp_path / "a.csv", lines(one({"Description": "CRÈME BRÛLÉE £5"})), "cp1252")
    assert "name its encoding in a map (encoding: cp1252)" in refused(path)
    run_load(database, path, how=Map(encoding="cp1252"))
    assert ask(database, "select description from warehouse.line") == [("CRÈME BRÛLÉE £5",)]


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "idna"])
def test_an_encoding_that_is_none_of_text_is_refused(tmp_path, encoding):
    path = write(tmp_path / "a.csv", PLAIN)
    assert f"encoding {encoding} is not known. Correct the map." in refused(path, Map(encoding=encoding))


def test_a_delimiter_that_is_said_goes_before_the_one_that_is_guessed(tmp_path):
    fields = one({"Description": "A~B~C~D~E"}).replace(",", "|").replace("~", ",") + "\n"
    columns = {name: number for number, name in enumerate(HEADER, 1)}
    source = open_source(write(tmp_path / "a.csv", fields), Map(names=False, columns=columns, delimiter="|"))
    assert b"".join(source.blocks()).decode() == "1\t" + fields.replace("|", "\t")


def test_a_file_without_names_is_mapped_by_number(database, tmp_path):
    message = refused(CASES / "no-header.csv")
    assert "its first line names no columns" in message
    assert "dump" not in message
    (tmp_path / "map.yml").write_text(message.partition("\n\n")[2], encoding="utf-8")  # the map that it suggests
    run_load(database, CASES / "no-header.csv", how=said(tmp_path / "map.yml"))
    assert total(database) == Decimal("22.08")


@pytest.mark.parametrize("name", ["shopify", "woocommerce"])
def test_an_export_of_a_shop_system_names_its_map(name):
    file = {"shopify": "shopify_orders_export.csv", "woocommerce": "woocommerce.csv"}[name]
    message = refused(CASES / file)
    assert f"Its columns are those of a ready map: --map {name}." in message
    assert "no column for invoice_no, stock_code" in message
    assert "dump" not in message


def test_an_export_of_shopify(database):
    done = run_load(database, CASES / "shopify-export.csv", how=said("shopify"))
    assert (done.lines_read, done.lines_kept) == (5, 5)
    columns = "invoice_no, stock_code, quantity, unit_price, invoice_at::text, country, customer_id"
    assert ask(database, f"select {columns} from warehouse.line order by line_id") == [
        ("#1001", "1001", 10, Decimal("2.5"), "2011-01-04 09:00:00", "United Kingdom", None),
        ("#1001", "1002", 2, Decimal("11.5"), "2011-01-04 09:00:00", "United Kingdom", None),
        ("#1002", "1001", 1, Decimal("2.5"), "2011-07-01 00:30:00", "France", None),
        ("#1003", "1003", 4, Decimal("29.95"), "2011-07-02 10:15:00", "Germany", None),
        ("#1003", "1002", 1, Decimal("11.5"), "2011-07-02 10:15:00", "Germany", None),
    ]
    assert any("Financial Status" in warning for warning in done.account["warnings"])


def test_an_export_of_woocommerce(database):
    done = run_load(database, CASES / "woocommerce-export.csv", how=said("woocommerce"))
    assert (done.lines_read, done.lines_kept) == (4, 4)
    sql = (
        "select invoice_no, stock_code, quantity, unit_price, country, customer_id from warehouse.line order by line_id"
    )
    assert ask(database, sql) == [
        ("1001", "1001", 10, Decimal("2.5"), "United Kingdom", 101),
        ("1001", "1002", 1, Decimal("11.5"), "United Kingdom", 101),
        ("1002", "1003", 2, Decimal("29.95"), "Ireland", None),
        ("1003", "1001", 3, Decimal("2.5"), "France", 102),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("colums: {}", "colums: Extra inputs are not permitted. The keys are columns, names"),
        ("columns: {invoice: Name}", "columns.invoice"),
        ("dates: british", "dates: Input should be 'day-first' or 'month-first'"),
        ("[", "the map is not YAML"),
    ],
)
def test_a_map_that_is_wrong_says_where(tmp_path, text, why):
    with pytest.raises(SourceError) as error:
        said(write(tmp_path / "map.yml", text))
    assert why in str(error.value)


def test_a_map_that_names_what_is_not_there(tmp_path):
    path = write(tmp_path / "a.csv", PLAIN)
    assert "the map says that unit_price is Betrag; found Invoice" in refused(
        path, Map(columns={"unit_price": "Betrag"})
    )


def test_a_map_that_is_no_file_names_the_ready_ones():
    with pytest.raises(SourceError, match=r"Name a file, or one of: shopify, woocommerce"):
        said("magento")


# Currency and columns


def test_another_currency_is_refused(database, tmp_path):
    text = lines(LINE + ",GBP", LANTERN + ",EUR", head=HEAD + ",Currency")
    path = write(tmp_path / "a.csv", text)
    assert "in other currencies than the shop's GBP: EUR on 1 line" in refused_load(database, path, max_rejects=1)
    run_load(database, write(tmp_path / "b.csv", text.replace("EUR", "gbp ")))
    run_load(database, write(tmp_path / "c.csv", text.replace("GBP", "EUR")), how=Map(currency="EUR"))


def test_columns_that_are_left_out_are_named(database, tmp_path):
    text = lines(LINE + ",void,x", head=HEAD + ",Order Status,Note")
    account = run_load(database, write(tmp_path / "a.csv", text)).account
    assert account["left_out"] == {
        "column Order Status of a.csv": "no column of transactions",
        "column Note of a.csv": "no column of transactions",
    }
    assert account["warnings"] == [
        "column Order Status of a.csv is not read: check that all of its lines are real sales."
    ]


def test_lopsided_lines_are_told(database, tmp_path):
    account = run_load(
        database, write(tmp_path / "a.csv", lines(one({"Price": "0"}), one({"Price": "0"}), one()))
    ).account
    assert account["warnings"] == [
        "2 of 3 lines are free of charge: check that quantities and prices are in the right columns."
    ]


# Workbooks and other binary files


def test_a_title_above_the_names_of_one_sheet(database):
    done = run_load(database, CASES / "title-row-on-one-sheet.xlsx")
    assert (done.lines_kept, total(database)) == (6, Decimal("152.63"))
    assert done.account["parts"] == {"sheet Year 2009-2010": 3, "sheet Year 2010-2011": 3}


def test_names_far_down_and_to_the_right(database, tmp_path):
    rows = [[], ["", "", "Sales"], [], ["", "", *SECOND_EDITION], ["", "", *LINE.split(",")], ["", "", "end"]]
    path = write_xlsx(tmp_path / "a.xlsx", {"Lines": rows})
    done = run_load(database, path, max_rejects=0.5)
    assert (done.lines_read, done.lines_kept) == (2, 1)
    assert ask(database, "select file, line_number from landing.reject") == [("a.xlsx [Lines]", 6)]


def test_sheets_that_are_not_read_are_named(database, tmp_path):
    path = write_xlsx(
        tmp_path / "a.xlsx", {"Lines": [SECOND_EDITION, LINE.split(",")], "Notes": [["checked"], ["by Ann"]]}
    )
    account = run_load(database, path).account
    assert account["left_out"] == {"sheet Notes": "no row of it names the columns of transactions; 2 rows"}
    assert account["passed_over"] == {"rows down to the column names": 1, "rows of other sheets": 2}


def hidden_sheet(tmp_path: Path) -> Path:
    path = write_xlsx(tmp_path / "a.xlsx", {name: [SECOND_EDITION, LINE.split(",")] for name in ("Lines", "Old")})
    workbook = openpyxl.load_workbook(path)
    workbook["Old"].sheet_state = "hidden"
    workbook.save(path)
    return path


def test_a_hidden_sheet_of_transactions_is_asked_about(database, tmp_path):
    path = hidden_sheet(tmp_path)
    assert "sheet Old is hidden and holds transactions. Name the sheets to read with --only" in refused(path)
    assert run_load(database, path, how=Map(skip=("Old",))).lines_kept == 1
    assert run_load(database, path, how=Map(only=("Lines", "Old"))).lines_kept == 2


def test_a_text_that_begins_with_equals_is_no_formula(database):
    done = run_load(database, CASES / "equals-text.xlsx")
    assert done.lines_kept == 6
    assert ask(database, "select description from warehouse.line where invoice_no = '536366'") == [
        ("=== SALE === LANTERN",)
    ]


@pytest.mark.parametrize("text", ["+44 CUP", "-10% OFF", "@HOME SIGN", "=1+1 CARD"])
def test_other_texts_that_look_like_formulas(database, tmp_path, text):
    path = write_xlsx(tmp_path / "a.xlsx", {"Lines": [SECOND_EDITION, LINE.split(",")]})
    workbook = openpyxl.load_workbook(path)
    cell = workbook["Lines"]["C2"]
    cell.value, cell.data_type = text, "s"
    workbook.save(path)
    run_load(database, path)
    assert ask(database, "select description from warehouse.line") == [(text,)]


def test_cells_with_errors_are_told(database, tmp_path):
    path = write_xlsx(tmp_path / "a.xlsx", {"Lines": [SECOND_EDITION, [*LINE.split(",")[:6], "#REF!", "France"]]})
    assert run_load(database, path).account["warnings"] == [
        "sheet Lines has 1 cells with errors such as #N/A, which are read as missing."
    ]


def test_a_strict_workbook_is_read(database):
    assert run_load(database, CASES / "strict.xlsx").lines_kept == 6


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("retail.parquet", "is a Parquet file that is damaged"),
        ("retail.sqlite", "is an SQLite database. Export its table: sqlite3 -header -csv retail.sqlite"),
        ("retail.ods", "is an OpenDocument sheet (.ods) without transactions"),
        ("retail.xlsb", "it is a binary workbook (.xlsb)"),
    ],
)
def test_a_binary_file_is_called_what_it_is(name, what):
    message = refused(CASES / name)
    assert what in message
    assert "iconv" not in message
    assert "npack" not in message


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"Obj\x01\x04\x16avro.schema", "is an Avro file. Save it as .xlsx"),
        (b"\x00\x01\x00\x00Standard Jet DB\x00", "is an Access database"),
        (b"<html><table><tr><td>Invoice</td></tr></table></html>", "is an HTML page, which many systems call .xls"),
        (b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>', "is an XML file. Save it as .xlsx"),
        (b"\x01\x02SAS\x00\x00\x00\x00\x00\xff\xfe", "is a binary file of a kind that is not read"),
        (b"\x28\xb5\x2f\xfd\x00", "is packed with zstd"),
    ],
)
def test_other_binary_files_are_called_what_they_are(tmp_path, start, what):
    path = tmp_path / "retail.csv"
    path.write_bytes(start)
    message = refused(path)
    assert what in message
    assert "iconv" not in message


def test_a_directory_dump_says_what_helps(tmp_path):
    (tmp_path / "retail").mkdir()
    (tmp_path / "retail" / "toc.dat").write_bytes(b"PGDMP")
    assert "directory format. Make a plain dump of it (pg_restore --file=retail.sql retail)" in refused(
        tmp_path / "retail"
    )


def test_names_in_html_are_kept_as_they_are(database):
    run_load(database, CASES / "shop.csv")
    found = ask(database, "select count(*) from warehouse.product where product like '%<B>BIG</B>%'")
    assert found == [(1,)]


def test_the_lines_of_a_dump_and_of_its_csv_are_one(database, tmp_path):
    rows = list(csv.reader(io.StringIO((CASES / "shop.csv").read_text())))[1:]
    run_load(database, write(tmp_path / "a.sql", copy_text(rows)))
    assert run_load(database, write(tmp_path / "a.csv", csv_text(rows))).months_changed == []
