"""What makes a line a cancellation, an adjustment or a fee is said in shop.yml, and so is which days come twice."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from bootstrap.errors import SourceError, SpecError
from bootstrap.project import Project, open_project, using
from tests.warehouse.shop import ask, run_load, write
from warehouse.opening import is_open
from warehouse.queries import rules
from warehouse.rules import line_rules

SHOP = """
name: Velo Wien
namespace: 0a3c4d5e-0000-4000-8000-000000000002
currency: EUR
locale: de_AT
time_zone: Europe/Vienna
source:
  columns:
    invoice_no: Beleg
    stock_code: Artikel
    description: Text
    quantity: Menge
    invoice_date: Datum
    unit_price: Einzelpreis
    customer_id: Kundennummer
    country: Land
lines:
  cancelled: {prefixes: [ST-]}
  adjusted: {patterns: ["kor[0-9]+"]}
  not_products: {codes: [PORTO, 9000], patterns: ["gs-.*", "[0-9]+-pf"]}
  overlaps: [{first: 2024-03-01, last: 2024-03-02}]
  status: {column: Status, left_out: [Storniert], cancelled: [Retour], adjusted: [Korrektur]}
open_days:
  closed_weekdays: [Sunday]
"""
HEAD = "Beleg;Artikel;Text;Menge;Datum;Einzelpreis;Kundennummer;Land;Status\n"
LINES = (
    HEAD
    + """1001;100;Klingel;2;2024-03-04 10:00:00;9,50;11;Austria;bezahlt
1001;PORTO;Versand;1;2024-03-04 10:00:00;4,90;11;Austria;bezahlt
1001;9000;Gutschein;1;2024-03-04 10:00:00;20,00;11;Austria;bezahlt
1001;gs-77;Gutschein;1;2024-03-04 10:00:00;10,00;11;Austria;bezahlt
1001;12-PF;Pfand;1;2024-03-04 10:00:00;1,00;11;Austria;bezahlt
1002;100;Klingel;1;2024-03-09 10:00:00;9,50;12;Austria; RETOUR
1003;100;Klingel;7;2024-03-09 11:00:00;9,50;12;Austria;storniert
st-1004;100;Klingel;-1;2024-03-09 12:00:00;9,50;12;Austria;bezahlt
KOR5;100;Klingel;1;2024-03-09 13:00:00;2,00;;Austria;bezahlt
1006;100;Klingel;1;2024-03-09 14:00:00;3,00;;Austria;Korrektur
C1007;POST;Rahmen;1;2024-03-01 15:00:00;300,00;;Austria;bezahlt
C1007;POST;Rahmen;1;2024-03-01 15:00:00;300,00;;Austria;bezahlt
"""
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    (tmp_path / "shop.yml").write_text(SHOP, encoding="utf-8")
    with using(open_project(tmp_path)) as project:
        yield project


def test_a_shop_with_other_words_is_read_by_them(shop, database, tmp_path):
    done = run_load(database, write(tmp_path / "velo.csv", LINES))
    assert (done.lines_read, done.lines_kept, done.rejected) == (11, 11, {})
    assert done.account["passed_over"]["lines with the status storniert"] == 1
    found = ask(database, "select invoice_no, stock_code, quantity, line_type, is_overlap from warehouse.line")
    assert sorted(found) == [
        ("1001", "100", 2, "sale", False),
        ("1001", "12-PF", 1, "fee", False),
        ("1001", "9000", 1, "fee", False),
        ("1001", "GS-77", 1, "fee", False),
        ("1001", "PORTO", 1, "fee", False),
        ("1002", "100", -1, "cancellation", False),
        ("1006", "100", 1, "adjustment", False),
        ("C1007", "POST", 1, "sale", False),
        ("C1007", "POST", 1, "sale", True),
        ("KOR5", "100", 1, "adjustment", False),
        ("ST-1004", "100", -1, "cancellation", False),
    ]


def test_another_status_is_another_content(shop, database, tmp_path):
    before = run_load(database, write(tmp_path / "velo.csv", LINES))
    again = run_load(database, write(tmp_path / "velo.csv", LINES))
    paid = run_load(database, write(tmp_path / "velo.csv", LINES.replace("Korrektur", "bezahlt")))
    assert [len(done.months_changed) for done in (before, again, paid)] == [1, 0, 1]


def test_a_file_without_the_status_is_refused(shop, database, tmp_path):
    with pytest.raises(SourceError, match="no column Status, which tells what became of an order"):
        run_load(database, write(tmp_path / "velo.csv", LINES.replace(";Status", ";Zustand")))


def test_the_open_days_are_those_of_the_shop(shop):
    days = [date(2024, 3, day) for day in (8, 9, 10)]
    assert [is_open(day) for day in days] == [True, True, False]


def test_other_rules_have_another_digest(shop, tmp_path):
    before = rules()
    (tmp_path / "shop.yml").write_text(SHOP.replace("PORTO", "FRACHT"), encoding="utf-8")
    with using(open_project(tmp_path)):
        assert rules() != before
    assert rules() == before


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("prefixes", "prefix", "lines.cancelled.prefix: Extra inputs are not permitted"),
        ("kor[0-9]+", "kor[0-9+", "is not a regular expression"),
        ("last: 2024-03-02", "last: 2024-02-02", "last is before first"),
        ("closed_weekdays: [Sunday]", "closed_weekdays: [Sonntag]", "Sonntag is not a weekday"),
    ],
)
def test_a_wrong_rule_is_named_with_its_file(shop, tmp_path, right, wrong, message):
    assert right in SHOP
    (tmp_path / "shop.yml").write_text(SHOP.replace(right, wrong), encoding="utf-8")
    with using(open_project(tmp_path)), pytest.raises(SpecError) as caught:
        line_rules(), is_open(date(2024, 3, 8))
    assert message in str(caught.value)
