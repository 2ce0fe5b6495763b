"""Lines that cannot be transactions are kept with their reason; too many of them stop the load."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from bootstrap.errors import SourceError
from tests.warehouse.shop import (
    HEADER,
    ROWS,
    SECOND_EDITION,
    ask,
    copy_text,
    csv_text,
    hashes,
    run_load,
    write,
    write_xlsx,
)

GOOD = ROWS[0]
REASONS = [
    ({"invoice_no": None}, "no invoice number"),
    ({"invoice_no": "  "}, "no invoice number"),
    ({"invoice_no": "9" * 41}, "invoice number is too long"),
    ({"stock_code": None}, "no stock code"),
    ({"stock_code": "x" * 41}, "stock code is too long"),
    ({"quantity": None}, "no quantity"),
    ({"quantity": "twelve"}, "quantity is no whole number"),
    ({"quantity": "1.5"}, "quantity is no whole number"),
    ({"quantity": "1_000"}, "quantity is no whole number"),
    ({"quantity": "0x1F"}, "quantity is no whole number"),
    ({"quantity": "2147483648"}, "quantity is out of range"),
    ({"invoice_date": None}, "no invoice date"),
    ({"invoice_date": "now"}, "invoice date is no date"),
    ({"invoice_date": "infinity"}, "invoice date is no date"),
    ({"invoice_date": "2010-02-30 10:00:00"}, "invoice date is no date"),
    ({"invoice_date": "13/13/2010 10:00"}, "invoice date is no date"),
    ({"invoice_date": "1066-10-14 09:00:00"}, "invoice date is out of range"),
    ({"invoice_date": "1989-12-31 23:59:00"}, "invoice date is out of range"),
    ({"invoice_date": f"{date.today() + timedelta(days=3)} 09:00:00"}, "invoice date is in the future"),
    ({"unit_price": None}, "no unit price"),
    ({"unit_price": "NaN"}, "unit price is no number"),
    ({"unit_price": "-Infinity"}, "unit price is no number"),
    ({"unit_price": "6,95"}, "unit price is no number"),
    ({"unit_price": "£6.95"}, "unit price is no number"),
    ({"unit_price": "1e30"}, "unit price is out of range"),
    ({"customer_id": "Ann"}, "customer id is no whole number"),
    ({"customer_id": "13085.5"}, "customer id is no whole number"),
    ({"customer_id": "0"}, "customer id is out of range"),
    ({"customer_id": "99999999999"}, "customer id is out of range"),
]
ACCEPTED = [
    {"invoice_no": " 489434 "},
    {"quantity": "+12"},
    {"quantity": "12.0"},
    {"invoice_date": "2009-12-01T07:45:00"},
    {"invoice_date": "2009-12-01 07:45"},
    {"invoice_date": "2009/12/01 7:45"},
    {"invoice_date": "1-Dec-2009 07:45"},
    {"invoice_no": "489434\u00a0"},
    {"stock_code": "\t85048 "},
    {"quantity": " 12\u00a0"},
    {"unit_price": "\u20036.95"},
    {"unit_price": "6.950"},
    {"unit_price": "695e-2"},
    {"customer_id": "13085.0"},
    {"customer_id": "1.3085e4"},
    {"country": " United Kingdom "},
]


def changed(change):
    return tuple(change.get(column, value) for column, value in zip(HEADER, GOOD, strict=True))


def test_a_line_that_is_no_transaction_is_rejected_with_its_reason(database, tmp_path):
    rows = [GOOD, *[changed(change) for change, _ in REASONS], GOOD]
    done = run_load(database, write(tmp_path / "retail.sql", copy_text(rows)), max_rejects=1)
    assert (done.lines_read, done.lines_kept) == (len(rows), 2)
    assert done.rejected == Counter(reason for _, reason in REASONS)
    texts = ["\t".join(value or "" for value in row) for row in rows]
    assert ask(database, "select file, line_number, reason, text from landing.reject order by reject_id") == [
        ("retail.sql", 28 + index, REASONS[index - 1][1], texts[index]) for index in range(1, len(rows) - 1)
    ]


def test_one_odd_line_among_good_ones_is_found(database, tmp_path):
    """Good files are read in one go; each of these must stop that."""
    for change, reason in REASONS:
        path = write(tmp_path / "retail.sql", copy_text([GOOD, changed(change)]))
        assert run_load(database, path, max_rejects=0.5).rejected == {reason: 1}, change


def test_other_ways_to_write_the_same_value_are_the_same(database, tmp_path):
    run_load(database, write(tmp_path / "retail.sql", copy_text([GOOD])))
    expected = hashes(database)
    for change in ACCEPTED:
        done = run_load(database, write(tmp_path / "retail.csv", csv_text([changed(change)])))
        assert (done.rejected, done.months_changed) == ({}, []), change
        assert hashes(database) == expected


def test_wrong_column_counts_and_hidden_characters(database, tmp_path):
    lines = copy_text(ROWS).replace("PAPER BUNTING", "PAPER\tBUNTING").replace("POSTAGE", "POST\0AGE")
    done = run_load(database, write(tmp_path / "retail.sql", lines), max_rejects=0.1)
    assert done.rejected == {"9 columns instead of 8": 1, "a NUL character": 1}
    assert done.lines_kept == len(ROWS) - 2
    assert ask(database, "select text from landing.reject where reason = 'a NUL character'")[0][0].count("\ufffd") == 1


def test_a_stray_quote_in_a_csv_costs_one_line(database, tmp_path):
    text = csv_text(ROWS[:10]).replace("PAPER BUNTING", '"PAPER BUNTING')
    done = run_load(database, write(tmp_path / "retail.csv", text), max_rejects=0.2)
    assert (done.lines_read, done.rejected) == (10, {"a quote in the wrong place": 1})
    assert ask(database, "select line_number from landing.reject") == [(5,)]


def test_rejects_of_an_insert_dump(database, tmp_path):
    values = [
        "('489434', '85048', 'A', 12, lower('X'), 6.95, 13085, 'France')",
        "(1, 2)",
        "(1, 2, 3, 4, 'x', 6, 7, '8')",
    ]
    text = f"INSERT INTO retail ({', '.join(HEADER)}) VALUES\n\t" + ",\n\t".join(values) + ";\n"
    text += (
        f"INSERT INTO retail ({', '.join(HEADER)}) VALUES ('489434', '1', E'\\x41', 12, '2009-12-01', 6, 7, 'France');"
    )
    done = run_load(database, write(tmp_path / "retail.sql", text), max_rejects=1)
    assert (done.lines_read, done.lines_kept) == (4, 1)
    assert ask(database, "select line_number, reason from landing.reject order by 1") == [
        (2, "an expression instead of a value"),
        (3, "2 columns instead of 8"),
        (4, "invoice date is no date"),
    ]
    assert ask(database, "select description, invoice_at::text from warehouse.line") == [("A", "2009-12-01 00:00:00")]


def test_rejects_of_a_workbook_name_sheet_and_row(database, tmp_path):
    bad = changed({"quantity": "twelve"})
    sheets = {"2009": [SECOND_EDITION, GOOD, bad], "Notes": [["x"]], "2010": [(), SECOND_EDITION, GOOD, GOOD, bad]}
    run_load(database, write_xlsx(tmp_path / "retail.xlsx", sheets), max_rejects=0.5)
    assert ask(database, "select file, line_number from landing.reject order by reject_id") == [
        ("retail.xlsx [2009]", 3),
        ("retail.xlsx [2010]", 5),
    ]


def test_the_last_moment_that_a_workbook_knows_is_a_reject_like_any(database, tmp_path):
    last = [*GOOD]
    last[4] = datetime(9999, 12, 31, 23, 59, 59, 900_000)
    run_load(database, write_xlsx(tmp_path / "retail.xlsx", {"2010": [SECOND_EDITION, GOOD, last]}), max_rejects=0.5)
    assert ask(database, "select reason from landing.reject") == [("invoice date is in the future",)]


def test_more_rejects_than_allowed_stop_the_load(database, tmp_path):
    run_load(database, write(tmp_path / "before.sql", copy_text(ROWS)))
    before, bad = hashes(database), changed({"quantity": "twelve"})
    path = write(tmp_path / "retail.csv", csv_text([GOOD] * 998 + [bad] * 2))
    with pytest.raises(SourceError) as refused:
        run_load(database, path)
    message = str(refused.value)
    assert "2 of 1,000 lines were rejected; at most 0.10% may be: 2 lines: quantity is no whole number" in message
    assert "The first is line 1000: '489434\\t85048" in message
    assert message.endswith("Correct the file, or allow more with --max-rejects.")
    assert hashes(database) == before
    assert ask(database, "select count(*) from landing.reject") == [(0,)]
    assert run_load(database, path, max_rejects=0.002).lines_kept == 998


def test_a_line_that_is_mended_later_leaves_no_trace(database, tmp_path):
    run_load(database, write(tmp_path / "retail.csv", csv_text([GOOD, changed({"quantity": "x"})])), max_rejects=0.5)
    done = run_load(database, write(tmp_path / "retail.csv", csv_text([GOOD, GOOD])))
    assert (done.lines_kept, done.rejected) == (2, {})
    assert ask(database, "select count(*) from landing.reject") == [(0,)]
