"""Twelve questions of marketing, answered by clicks alone, with the number that the lines give."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from bootstrap.assets.spec import Specs
from tests.browser.acting import apply, box, chart, choose, open_tab, take_away
from tests.conftest import SHARED_DATA

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the questions are about the real data, which is not here"),
]
GOODS = "line_type = 'sale' and not is_overlap"
RETURNED = "line_type = 'cancellation' and is_product and not is_overlap"
LAST_12 = "month between '2010-12-01' and '2011-11-01'"
BEFORE_12 = "month between '2009-12-01' and '2010-11-01'"


def cells(row: Locator) -> list[str]:
    return [cell.inner_text().strip() for cell in row.locator("td").all()]


def rows(page: Page, specs: Specs, name: str) -> list[list[str]]:
    return [cells(row) for row in chart(page, specs.charts[name].title).locator("tbody tr").all()]


def number(text: str) -> Decimal:
    """Of a cell such as -£6.10 or 14.4%."""
    return Decimal(re.sub(r"[^0-9.-]", "", text.replace("\N{MINUS SIGN}", "-")))


def card(page: Page, specs: Specs, label: str) -> str:
    found = chart(page, specs.charts["key_figures"].title).locator(".lgs-card")
    return found.filter(has=page.locator(".lgs-label", has_text=re.compile(f"^{label}$"))).inner_text()


def test_1_how_was_last_month_in_germany_against_the_month_before_and_last_year(dashboard, specs, select):
    choose(dashboard, "country", "Germany")
    sales = {
        month: select(
            "select sum(amount) from warehouse.line where country = 'Germany' and not is_overlap and month = %s", month
        )
        for month in ("2011-11-01", "2011-10-01", "2010-11-01")
    }
    now, before, year = sales.values()
    text = card(dashboard, specs, "Sales without duplicates")
    assert f"£{int(now + Decimal('0.5')):,}" in text
    assert f"{100 * (now / before - 1):+.1f}% on October 2011" in text
    assert f"{100 * (now / year - 1):+.1f}% on November 2010" in text


def test_2_who_is_at_risk_in_the_united_kingdom_by_net_money(dashboard, specs, select, tmp_path: Path):
    choose(dashboard, "segment", "At Risk")
    choose(dashboard, "country", "United Kingdom")
    open_tab(dashboard, specs, "Segments")
    found = take_away(dashboard, specs.charts["customers"].title, "Export to .CSV", tmp_path / "list.csv")
    money = [Decimal(row["Net money"]) for row in found]
    assert money == sorted(money, reverse=True)
    assert min(money) > 0
    first = select(
        f"select sum(case when {GOODS} then amount when {RETURNED} then amount else 0 end) from warehouse.line"
        " where customer_id = %s",
        int(found[0]["Customer number"]),
    )
    assert money[0] == first
    assert len(found) == select(
        "select count(*) from mart.rfm_customer where segment = 'At Risk' and home_country = 'United Kingdom'"
        " and net_money > 0"
    )


def test_3_which_segment_grew_in_twelve_months(dashboard, specs, select):
    open_tab(dashboard, specs, "Segments")
    counted = "select count(*) from mart.rfm_history where segment_at_month_end = %s and month = %s"
    found = rows(dashboard, specs, "segment_change")
    assert len(found) == 10
    for segment, now, before, change in found:
        assert number(now) == select(counted, segment, "2011-11-01")
        assert number(before) == select(counted, segment, "2010-11-01")
        assert number(change) == number(now) - number(before)
    changes = [number(row[3]) for row in found]
    assert changes == sorted(changes, reverse=True)
    assert found[-1][0] == "Can't Lose"


def test_4_which_products_are_returned_most_and_is_it_getting_worse(dashboard, specs, select):
    open_tab(dashboard, specs, "Orders & cancellations")
    product, last, before, change, largest = rows(dashboard, specs, "cancelled_products")[0]
    code = select("select stock_code from mart.product where product = %s", product)
    taken = f"select coalesce(-sum(amount), 0) from warehouse.line where stock_code = %s and {RETURNED} and "
    assert number(change) == number(last) - number(before) > 0
    assert number(last) <= select(taken + LAST_12, code)
    assert number(before) <= select(taken + BEFORE_12, code)
    assert 0 < number(largest) <= number(last)
    search = chart(dashboard, specs.charts["cancelled_products"].title).locator("input[placeholder]").last
    search.fill("REGENCY CAKESTAND 3 TIER")
    expect(chart(dashboard, specs.charts["cancelled_products"].title).locator("tbody tr").first).to_contain_text(
        "REGENCY CAKESTAND 3 TIER"
    )


def test_5_who_stopped_buying_last_quarter_and_what_are_they_worth(dashboard, specs, select):
    open_tab(dashboard, specs, "Segments")
    bought = f"select customer_id from warehouse.line where customer_id is not null and {GOODS} and month between"
    stopped = f"{bought} '2011-06-01' and '2011-08-01' except {bought} '2011-09-01' and '2011-12-01'"
    found = rows(dashboard, specs, "stopped_buying")
    assert sum(number(row[1]) for row in found) == select(f"select count(*) from ({stopped}) as s")
    worth = select(
        f"select sum(amount) from warehouse.line where (({GOODS}) or ({RETURNED})) and customer_id in ({stopped})"
    )
    assert abs(sum(number(row[2]) for row in found) - worth) < Decimal("0.1")


def test_6_which_country_to_invest_in(dashboard, specs, select):
    open_tab(dashboard, specs, "Customers")
    found = {row[0]: row[1:] for row in rows(dashboard, specs, "country_growth")}
    days = (
        "select l.customer_id, count(distinct l.invoice_at::date) as days from warehouse.line as l"
        f" inner join warehouse.customer as c on l.customer_id = c.customer_id where c.country = %s and {GOODS} and l."
    )
    for country in ("Germany", "France"):
        customers = select(f"select count(*) from ({days}{LAST_12} group by 1) as d", country)
        again = select(f"select count(*) from ({days}{LAST_12} group by 1) as d where days > 1", country)
        assert number(found[country][0]) == customers
        assert number(found[country][2]) == round(100 * Decimal(again) / customers, 1)
        sold = (
            "select sum(l.amount) from warehouse.line as l inner join warehouse.customer as c"
            f" on l.customer_id = c.customer_id where c.country = %s and {GOODS} and l."
        )
        change = select(sold + LAST_12, country) - select(sold + BEFORE_12, country)
        assert abs(number(found[country][6]) - change) < Decimal("0.01")


def test_7_which_segment_brings_most_money_and_who_took_everything_back(dashboard, specs, select):
    open_tab(dashboard, specs, "Segments")
    found = {row[0]: row for row in rows(dashboard, specs, "segment_table")}
    total = select("select sum(net_money) from mart.rfm_customer")
    champions = select("select sum(net_money) from mart.rfm_customer where segment = 'Champions'")
    assert number(found["Champions"][4]) == round(100 * champions / total, 1)
    assert sum(number(row[8]) for row in found.values()) == select(
        "select count(*) from mart.rfm_customer where net_money <= 0"
    )


def test_8_how_do_two_novembers_compare(dashboard, specs, select):
    open_tab(dashboard, specs, "Customers")
    choose(dashboard, "months", "2011-11 November", "2010-11 November")
    expect(chart(dashboard, specs.charts["months"].title).locator("tbody tr")).to_have_count(2)
    for month, (_, customers, sales, _, orders) in zip(
        ("2011-11-01", "2010-11-01"), rows(dashboard, specs, "months"), strict=True
    ):
        where = f"from warehouse.line where month = '{month}' and {GOODS}"
        assert number(customers) == select(f"select count(distinct customer_id) {where}")
        assert number(orders) == select(f"select count(distinct invoice_no) {where}")
        assert number(sales) == round(
            select("select sum(amount) from warehouse.line where not is_overlap and month = %s", month), 2
        )


def test_9_what_do_champions_buy_most(dashboard, specs, select):
    choose(dashboard, "segment", "Champions")
    open_tab(dashboard, specs, "Customers")
    product, last, *_ = rows(dashboard, specs, "best_products")[0]
    code = select("select stock_code from mart.product where product = %s", product)
    net = select(
        "select sum(l.amount) from warehouse.line as l"
        " inner join mart.rfm_customer as c on l.customer_id = c.customer_id"
        f" where c.segment = 'Champions' and l.stock_code = %s and (({GOODS}) or ({RETURNED})) and l.{LAST_12}",
        code,
    )
    assert number(last) == round(net, 2)


def test_10_where_were_the_sales_of_the_last_three_months(dashboard, specs, select):
    open_tab(dashboard, specs, "Customers")
    box(dashboard, "last-complete-months").fill("3")
    apply(dashboard)
    country, net, orders, *_ = rows(dashboard, specs, "sales_by_country")[0]
    where = "from warehouse.line where country = %s and month between '2011-09-01' and '2011-11-01'"
    assert number(net) == round(select(f"select sum(amount) {where} and (({GOODS}) or ({RETURNED}))", country), 2)
    assert number(orders) == select(f"select count(distinct invoice_no) {where} and {GOODS}", country)


def test_11_who_bought_in_germany_in_november(dashboard, specs, select):
    choose(dashboard, "country", "Germany")
    open_tab(dashboard, specs, "Customers")
    month = chart(dashboard, specs.charts["months"].title).locator("tbody tr").filter(has_text="Nov 2011")
    with dashboard.expect_response(lambda answer: "/api/v1/chart/data" in answer.url):
        month.locator("td").first.click()
    behind = chart(dashboard, specs.charts["customers_behind"].title)
    known = select(
        "select count(distinct customer_id) from warehouse.line where country = 'Germany' and month = '2011-11-01'"
    )
    expect(behind.locator("input[placeholder]").last).to_have_attribute("placeholder", re.compile(f"^{known} record"))


def test_12_are_there_fewer_cancellations_than_a_year_ago(dashboard, specs, select):
    rate = {
        month: 100
        * Decimal(
            select(f"select count(distinct invoice_no) from warehouse.line where month = %s and {RETURNED}", month)
        )
        / select(f"select count(distinct invoice_no) from warehouse.line where month = %s and {GOODS}", month)
        for month in ("2011-11-01", "2010-11-01")
    }
    now, year = rate.values()
    text = card(dashboard, specs, "Cancellation rate, of orders")
    assert f"{now:.1f}%" in text
    assert f"{now - year:+.1f} points on November 2010" in text
