"""What analysts click in SQL Lab: each button does what it says, and what is cut or stopped says so."""

from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg2
import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_console import errors, listen
from tests.conftest import Shop

pytestmark = [pytest.mark.stack, pytest.mark.browser]
COUNTRIES = "select country, sum(goods_sold) as goods from mart.customer_month group by country order by 2 desc"
ENDLESS = "select count(*) from mart.sales_line a, mart.sales_line b, mart.sales_line c"


@pytest.fixture
def lab(shop: Shop, signed_in: Callable[..., Page]) -> Iterator[Page]:
    """SQL Lab with one new tab, as somebody sees it who opens it for the first time."""
    with closing(psycopg2.connect(shop.stack.metadata.url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("delete from table_schema; delete from tab_state")
    page = signed_in("analyst", permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{shop.stack.superset_url}/sqllab/")
    page.locator('[aria-label="Add tab"], [data-test="add-tab-icon"]').first.click()
    page.locator(".ace_editor:visible").first.wait_for()
    page.wait_for_load_state("networkidle")
    yield page
    page.context.close()


def write(page: Page, sql: str) -> None:
    page.locator(".ace_editor:visible").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(sql)
    page.keyboard.press("Escape")  # the list of what might be meant


def run(page: Page, sql: str) -> None:
    write(page, sql)
    page.locator('button:has-text("Run"):visible').first.click()


def rows(page: Page) -> str:
    label = page.locator(".ant-tag, .superset-label").filter(has_text="rows").last
    label.wait_for()
    return label.inner_text()


def test_the_first_query_runs_on_the_connection_of_sql_lab(lab: Page) -> None:
    wrong = listen(lab)
    run(lab, COUNTRIES)
    assert rows(lab).endswith("rows")
    assert errors(wrong) == []


def test_a_result_that_is_cut_says_so_on_screen_and_in_its_file(lab: Page) -> None:
    run(lab, "select * from mart.sales_line")
    assert rows(lab) == "1k rows"
    lab.get_by_text("1k rows").hover()
    tooltip = lab.get_by_role("tooltip").filter(has_text="limited to 1000")
    tooltip.wait_for()
    lab.locator('[aria-label="Download to CSV"], [data-test="export-csv-button"]').first.click()
    with lab.expect_download() as download:
        lab.get_by_role("dialog").get_by_role("button", name="OK").click()
    assert download.value.suggested_filename.endswith(", first 1,000 rows.csv")


def test_stop_says_stopped_and_ends_the_query(lab: Page, shop: Shop) -> None:
    """Clicked as soon as it is there: most often before the database has begun."""
    run(lab, ENDLESS)
    lab.locator('button:has-text("Stop"):visible').first.click()
    lab.get_by_text("Query was stopped", exact=True).first.wait_for()
    with closing(psycopg2.connect(shop.stack.url("admin"))) as connection, connection.cursor() as cursor:
        running, ended = "select from pg_stat_activity where usename = 'lgs_analyst' and state = 'active'", False
        for _ in range(40):
            cursor.execute(running)
            ended = cursor.rowcount == 0
            if ended:
                break
            connection.rollback()  # or the next look sees what this one saw
            lab.wait_for_timeout(250)
        assert ended


def test_a_saved_query_is_there_after_a_reload(lab: Page, shop: Shop) -> None:
    write(lab, COUNTRIES)
    lab.get_by_role("button", name="Save", exact=True).first.click()
    lab.get_by_role("dialog").locator("input").first.fill("Goods by country")
    lab.get_by_role("dialog").get_by_role("button", name="Save").last.click()
    lab.get_by_text("Your query was saved").wait_for()
    lab.goto(f"{shop.stack.superset_url}/savedqueryview/list/")
    lab.get_by_text("Goods by country").first.click()
    expect(lab.locator(".ace_content:visible").first).to_contain_text("sum(goods_sold) as goods")


def test_the_meaning_of_columns_shows_where_sql_is_written(lab: Page, shop: Shop) -> None:
    # Superset saves a new tab five seconds after it was opened, and loses what is pinned at that moment.
    with closing(psycopg2.connect(shop.stack.metadata.url)) as connection, connection.cursor() as cursor:
        while not cursor.execute("select from tab_state limit 1") and not cursor.rowcount:
            lab.wait_for_timeout(500)
            connection.rollback()
    lab.wait_for_timeout(1000)
    with lab.expect_response(lambda response: "/tables/" in response.url):
        lab.get_by_role("treeitem", name="mart").first.click()
    table = lab.get_by_role("treeitem", name="customer_month").first
    table.hover()
    with lab.expect_response(lambda response: "/table_metadata/?name=customer_month&" in response.url):
        table.locator('[aria-label="pushpin"]').click()
    lab.get_by_text("The grain to slice by").wait_for()
    lab.get_by_text("Month. First day of the calendar month of the invoice date.").wait_for()


def test_a_chart_is_made_of_a_query(lab: Page) -> None:
    wrong = listen(lab)
    run(lab, COUNTRIES)
    rows(lab)
    lab.get_by_role("button", name="Create chart").first.click()
    lab.wait_for_url(lambda url: "/explore/" in url)
    lab.get_by_text("Showing 2 of 2 items").wait_for()
    assert errors(wrong) == []


def test_a_query_is_saved_as_a_dataset(lab: Page) -> None:
    run(lab, COUNTRIES)
    rows(lab)
    lab.get_by_role("button", name="Save dataset").first.click()
    dialog = lab.get_by_role("dialog")
    dialog.locator("input[type=text], .ant-input").first.fill("goods by country of a browser test")
    with lab.context.expect_page() as opened:
        dialog.get_by_role("button", name="Save & Explore").click()
    opened.value.get_by_text("Showing 2 of 2 items").wait_for()
    expect(opened.value.locator("tbody tr").first).to_contain_text("United Kingdom")
