"""The dashboard as marketing sees it in a browser: drawn without error, filtered for real, equal to SQL."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import psycopg2
import pytest
from playwright.sync_api import Page, expect

from bootstrap.assets.spec import Filter, Specs
from tests.browser.acting import apply, box, chart, choose, open_tab, take_away
from tests.browser.conftest import DASHBOARD, Select
from tests.conftest import Shop

pytestmark = [pytest.mark.stack, pytest.mark.browser]
TABS = ("Overview", "Orders & cancellations", "Customers", "Segments")
NEWEST = "(select max(month) from mart.sales_month where months_ago = 0)"
PROBLEM = ".ant-alert, [data-test='chart-error'], .chart-error, :text('No results were returned')"
MONTHS = "Who bought, month by month?"
BEHIND = "Which customers are behind these figures?"
LAST = "Last complete months"
KEY_FIGURE = "How was the last full month?"


def figure(page: Page, label: str) -> str:
    """The number on the card of a key figure, without signs."""
    card = chart(page, KEY_FIGURE).locator(".lgs-card").filter(has=page.locator(".lgs-label", has_text=label)).first
    return re.sub(r"[^0-9-]", "", card.locator(".lgs-value").inner_text())


def pence(value: Decimal) -> str:
    return f"{'-' * (value < 0)}£{abs(value):,.2f}"


def pounds(value: Decimal | None) -> str:
    return str(int((value or Decimal(0)) + Decimal("0.5")))


@pytest.mark.parametrize("name", TABS)
def test_each_chart_of_a_tab_is_drawn_without_error(dashboard: Page, specs: Specs, name: str) -> None:
    titles = open_tab(dashboard, specs, name)
    assert len(titles) >= 4
    for title in titles:
        expect(chart(dashboard, title).locator(PROBLEM)).to_have_count(0)
    expect(dashboard.locator(".lgs-header").first).to_contain_text("customers")


def test_key_figures_are_those_of_sql(dashboard: Page, select: Select) -> None:
    for label, column in (
        ("Orders", "orders"),
        ("Customers who ordered", "customers_with_orders"),
    ):
        number = select(f"select {column} from mart.monthly_metrics where month = {NEWEST}")
        assert figure(dashboard, label) == str(number), label
    back = select(f"select sum(new_or_back_customers) from mart.customer_month where month = {NEWEST}")
    assert figure(dashboard, "New or back") == ("" if back is None else str(back))
    sales = select(f"select sales_without_overlap from mart.monthly_metrics where month = {NEWEST}")
    assert figure(dashboard, "Sales") == pounds(sales)


FILTERS = [("segment", "segment"), ("country", "country"), ("customer-type", "customer_type")]


@pytest.mark.parametrize(("name", "column"), FILTERS)
def test_a_filter_changes_the_figures_to_those_of_sql(dashboard: Page, select: Select, name: str, column: str) -> None:
    biggest = f"select {column} from mart.sales_month where months_ago = 0 and {column} not in ('Guests', 'Guest')"
    value = select(f"{biggest} group by 1 order by sum(sales) desc, 1 limit 1")
    choose(dashboard, name, value)
    orders = select(f"select sum(orders) from mart.sales_month where months_ago = 0 and {column} = %s", value)
    sales = select(
        f"select sum(sales_without_overlap) from mart.sales_month where months_ago = 0 and {column} = %s", value
    )
    expect(chart(dashboard, KEY_FIGURE).locator(".lgs-card").nth(1)).to_contain_text(f"{orders:,}")
    assert figure(dashboard, "Sales") == pounds(sales)


def filter_named(specs: Specs, name: str) -> Filter:
    return next(spec for spec in specs.dashboards["sales_customers"].filters if spec.name == name)


def test_chosen_months_act_on_the_charts_by_month(dashboard: Page, specs: Specs, select: Select) -> None:
    column = filter_named(specs, "Months").column
    newest = f"select distinct {column}::text as label, month from mart.sales_month order by month desc"
    chosen = [select(f"select label from ({newest}) as m offset {at} limit 1") for at in (1, 3)]
    open_tab(dashboard, specs, "Customers")
    box(dashboard, "months").click()
    expect(dashboard.locator(".ant-select-item-option").first).to_have_text(select(newest))
    choose(dashboard, "months", *chosen)
    expect(chart(dashboard, MONTHS).locator("tbody tr")).to_have_count(2)


def test_the_last_months_are_counted_from_the_newest_complete_one(
    dashboard: Page, specs: Specs, select: Select
) -> None:
    column = filter_named(specs, LAST).column
    open_tab(dashboard, specs, "Customers")
    box(dashboard, LAST.lower().replace(" ", "-")).fill("3")
    apply(dashboard)
    months = select(f"select count(distinct month) from mart.sales_month where {column} <= 3")
    rows = chart(dashboard, MONTHS).locator("tbody tr")
    expect(rows).to_have_count(months)
    newest = f"select to_char(max(month), 'Mon YYYY') from mart.sales_month where {column} <= 3"
    expect(rows.first.locator("td").first).to_have_text(select(newest))


def test_half_a_word_and_enter_choose_a_value_that_exists(dashboard: Page) -> None:
    box(dashboard, "segment").click()
    dashboard.keyboard.type("Champ")
    expect(dashboard.locator(".ant-select-item-option")).to_have_count(1)
    dashboard.keyboard.press("Enter")
    dashboard.keyboard.press("Escape")
    expect(dashboard.locator(".ant-select-selection-item")).to_have_text(["Champions"])
    box(dashboard, "country").click()
    dashboard.keyboard.type("Nowhere")
    dashboard.keyboard.press("Enter")
    dashboard.keyboard.press("Escape")
    expect(dashboard.locator(".ant-select-selection-item")).to_have_text(["Champions"])


def test_orders_tab_shows_the_country_where_returns_grow_most(dashboard: Page, specs: Specs, select: Select) -> None:
    open_tab(dashboard, specs, "Orders & cancellations")
    value = select(
        "select max(v) from (select coalesce(sum(goods_returned) filter (where is_last_12_months), 0)"
        " - coalesce(sum(goods_returned) filter (where is_12_months_before), 0) as v"
        " from mart.cancellation_month where is_product group by country) q"
    )
    first = chart(dashboard, specs.charts["cancelled_countries"].title).locator("tbody tr").first
    assert re.sub(r"[^0-9.]", "", first.locator("td").nth(3).inner_text()) == f"{abs(value):.2f}"


def test_customers_tab_counts_the_customers_of_sql(dashboard: Page, specs: Specs, select: Select) -> None:
    open_tab(dashboard, specs, "Customers")
    row = chart(dashboard, MONTHS).locator("tbody tr").first
    ordered = select("select customers_with_orders from mart.monthly_metrics order by month desc limit 1")
    assert row.locator("td").nth(1).inner_text().replace(",", "") == str(ordered)


def test_segments_tab_says_what_each_segment_is(dashboard: Page, specs: Specs, select: Select) -> None:
    open_tab(dashboard, specs, "Segments")
    rows = chart(dashboard, "What is each segment, and what should we do about it?").locator("tbody tr")
    expect(rows).to_have_count(select("select count(*) from mart.rfm_segment"))
    name = select("select segment from mart.rfm_segment order by segment_order limit 1")
    customers = select("select customers from mart.rfm_segment where segment = %s", name)
    advice = select("select advice from mart.rfm_segment where segment = %s", name)
    expect(rows.first).to_contain_text(name)
    expect(rows.first).to_contain_text(f"{customers:,}")
    expect(rows.first).to_contain_text(advice)


def test_the_one_country_filter_narrows_customers_by_their_home(dashboard: Page, specs: Specs, select: Select) -> None:
    open_tab(dashboard, specs, "Segments")
    listed = "from mart.rfm_customer where took_everything_back = 'No'"
    country = select(f"select home_country {listed} group by 1 order by count(*), 1 limit 1")
    choose(dashboard, "country", country)
    rows = chart(dashboard, "Who are these customers?").locator("tbody tr")
    expect(rows).to_have_count(select(f"select count(*) {listed} and home_country = %s", country))
    expect(rows.first).to_contain_text(country)


def test_a_click_on_a_month_lists_the_customers_behind_it(dashboard: Page, specs: Specs, select: Select) -> None:
    open_tab(dashboard, specs, "Customers")
    months = chart(dashboard, MONTHS)
    label = months.locator("tbody tr").nth(1).locator("td").first.inner_text()
    with dashboard.expect_response(lambda answer: "/api/v1/chart/data" in answer.url):
        months.locator("tbody tr").nth(1).locator("td").first.click()
    behind = chart(dashboard, BEHIND)
    expect(behind.locator("tbody tr").first).to_contain_text(label)
    rows = select(
        "select count(*) from mart.customer_month where customer_type <> 'Guest'"
        " and month = (select distinct month from mart.sales_month order by month desc offset 1 limit 1)"
    )
    expect(behind.locator("input[placeholder]").last).to_have_attribute("placeholder", re.compile(f"^{rows} record"))


def test_the_customers_of_a_segment_can_be_taken_away(
    dashboard: Page, specs: Specs, select: Select, tmp_path: Path
) -> None:
    name = select("select segment from mart.rfm_customer group by 1 order by count(*) desc, 1 limit 1")
    choose(dashboard, "segment", name)
    open_tab(dashboard, specs, "Segments")
    rows = take_away(dashboard, "Who are these customers?", "Export to .CSV", tmp_path / "customers.csv")
    assert {row["Segment today"] for row in rows} == {name}
    listed = "select count(*) from mart.rfm_customer where took_everything_back = 'No' and segment = %s"
    assert len(rows) == select(listed, name)


BUYERS = "count(*) from mart.customer_month where customer <> 'Guests'"
PRODUCTS = "count(distinct product) from mart.product_segment where is_product"
LISTS = [
    ("customers_behind", "Export to .CSV", "Customer", BUYERS),
    ("best_products", "Export to full .CSV", "Product", PRODUCTS),
]


@pytest.mark.parametrize(("name", "item", "column", "counted"), LISTS)
def test_a_whole_list_can_be_taken_away_however_much_of_it_is_shown(
    dashboard: Page, specs: Specs, select: Select, tmp_path: Path, name: str, item: str, column: str, counted: str
) -> None:
    open_tab(dashboard, specs, "Customers")
    rows = take_away(dashboard, specs.charts[name].title, item, tmp_path / "list.csv")
    assert len(rows) == select(f"select {counted}")
    assert all(row[column] for row in rows)


def test_a_long_list_sorts_and_turns_its_pages_without_grouping_its_rows(
    dashboard: Page, specs: Specs, select: Select
) -> None:
    """One that grouped them would get slower with every line."""
    open_tab(dashboard, specs, "Customers")
    behind = chart(dashboard, BEHIND)
    rows = "from mart.customer_month where customer_type <> 'Guest' order by net_goods"

    def asked(act: Callable[[], None]) -> str:
        with dashboard.expect_response(lambda answer: "/api/v1/chart/data" in answer.url) as answer:
            act()
        return "".join(result["query"] for result in answer.value.json()["result"])

    def shows(statement: str) -> None:
        expect(behind.locator("tbody tr").first).to_contain_text(pence(select(statement)))

    page = asked(behind.get_by_text("2", exact=True).last.click)
    shows(f"select net_goods {rows} desc offset 10 limit 1")
    header = behind.locator("thead th").filter(has_text="Net goods")
    down, up = asked(header.click), asked(header.click)
    shows(f"select net_goods {rows} offset 10 limit 1")
    assert "GROUP BY" not in page + down + up


ODD_NAME = "<b>BIG</b> CUP <img src=x onerror=alert(1)>"


@contextmanager
def best_product_called(shop: Shop, name: str) -> Iterator[None]:
    """As if the shop's best-selling product had this name."""
    best = "(select product from mart.product_segment where is_product group by product"
    best += " order by sum(net_goods_last_12_months) desc limit 1)"
    with psycopg2.connect(shop.stack.url("warehouse")) as connection, connection.cursor() as cursor:
        cursor.execute("create temporary table called as select product, %s as name from " + best + " as p", [name])
        rename = "update mart.product_segment as p set product = c.{} from called as c where p.product = c.{}"
        cursor.execute(rename.format("name", "product"))
        connection.commit()
        yield
        cursor.execute(rename.format("product", "name"))


def test_a_name_is_shown_as_it_is_and_never_drawn(shop: Shop, signed_in: Callable[..., Page], specs: Specs) -> None:
    page = signed_in("marketing")
    with best_product_called(shop, ODD_NAME):
        page.goto(shop.stack.superset_url + DASHBOARD + "?force=true")
        page.wait_for_selector(".lgs-value")
        open_tab(page, specs, "Customers")
        table = chart(page, specs.charts["best_products"].title).locator("tbody")
        expect(table).to_contain_text("<b>BIG</b> CUP <img")  # Superset drops attributes of tags that it knows
        assert table.locator("b, img").count() == 0
    page.context.close()


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_the_shop_shows_its_colours_in_light_and_dark(
    shop: Shop, signed_in: Callable[..., Page], scheme: str, dark: bool
) -> None:
    page = signed_in("marketing", color_scheme=scheme)
    page.goto(shop.stack.superset_url + DASHBOARD)
    page.wait_for_selector(".lgs-value")
    expect(page.locator('img[alt="London Gift Shop"]').first).to_be_visible()
    colour = page.evaluate("getComputedStyle(document.querySelector('.dashboard-content')).backgroundColor")
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
    assert (red + green + blue < 3 * 128) == dark, colour
    page.context.close()


def test_an_analyst_opens_and_runs_a_worked_query(
    shop: Shop, signed_in: Callable[..., Page], specs: Specs, select: Select
) -> None:
    page = signed_in("analyst")
    page.goto(shop.stack.superset_url + "/superset/dashboard/sql-examples/")
    link = page.get_by_role("link", name=specs.examples["kinds_of_lines"].label)
    page.goto(shop.stack.superset_url + str(link.get_attribute("href")))
    page.locator('[data-test="run-query-action"], button:has-text("Run")').first.click()
    result = page.locator('[role="gridcell"], .ant-table-cell, [role="cell"]')
    lines = select("select count(*) from warehouse.line where line_type = 'sale'")
    expect(result.filter(has_text=re.compile(f"^{lines}$")).first).to_be_visible()
    page.context.close()


def test_marketing_finds_no_way_into_sql_lab(shop: Shop, signed_in: Callable[..., Page]) -> None:
    page = signed_in("marketing")
    page.goto(shop.stack.superset_url + "/superset/welcome/")
    expect(page.get_by_role("menuitem", name="Dashboards").first).to_be_visible()
    expect(page.get_by_text("SQL Lab", exact=True)).to_have_count(0)
    page.context.close()
