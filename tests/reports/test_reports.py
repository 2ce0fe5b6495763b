"""Reports and alerts, from their specs to the mail that arrives."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from PIL import Image, ImageStat
from pypdf import PdfReader, apply_configuration

from bootstrap.assets import load_specs, publish
from bootstrap.assets.reports import alert_sql
from bootstrap.errors import CheckFailed, SpecError, UsageError
from bootstrap.project import current
from bootstrap.semantic.loader import load_layer
from tests.assets.conftest import silent
from tests.conftest import Shop
from tests.mail import arrived, attachment, mails
from tests.reports.conftest import Edition

MONTHLY, CANCELLATIONS = (
    "Sales & customers, the monthly report",
    "Too many orders of the last complete month were cancelled",
)


def _rewrite(specs: Path, name: str, **changes: object) -> None:
    file = specs / "reports" / f"{name}.yml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | changes))


def _limit(specs: Path, limit: float) -> None:
    alert = yaml.safe_load((specs / "reports" / "cancellations.yml").read_text())["alert"]
    _rewrite(specs, "cancellations", alert=alert | {"op": ">=", "limit": limit})


def _assert_drawn(picture: Image.Image, width: int) -> None:
    """A page that failed to draw is of one colour, or nearly."""
    assert picture.width == width
    assert max(ImageStat.Stat(picture.convert("RGB")).stddev) > 10


def test_a_plan_names_the_reports_and_a_second_publish_has_nothing_to_do(edition: Edition, specs: Path) -> None:
    for file in (specs / "reports").glob("*.yml"):
        file.unlink()
    edition.publish(specs)
    planned = edition.publish(plan_only=True)
    assert {step.label for step in planned.steps if step.verb == "create"} == {
        "report cancellations",
        "report monthly_dashboard",
    }
    assert edition.reports() == {}
    assert edition.publish().counts["create"] == 2
    assert not edition.publish().changed


def test_the_dashboard_arrives_as_a_pdf_with_a_page_for_each_tab(edition: Edition) -> None:
    edition.publish()
    assert edition.run(MONTHLY)["last_state"] == "Success"
    mail = arrived(edition.mails, MONTHLY, seconds=10)
    assert mail["Subject"] == f"London Gift Shop: {MONTHLY}"
    assert mail["To"] == "marketing@londongiftshop.example"
    assert mail["From"] == "bi@londongiftshop.example"
    body = mail.get_body(("html",))
    assert body is not None
    assert 'href="https://bi.londongiftshop.example/superset/dashboard/' in body.get_content()
    asked = [line for line in (edition.folder / "access.log").read_text().splitlines() if "HeadlessChrome" in line]
    assert asked
    assert not any("/login/" in line for line in asked)  # whose answers may come late and sign the browser out
    pages = PdfReader(io.BytesIO(attachment(mail, ".pdf"))).pages
    tabs = load_specs(current().superset, load_layer(current().views)).dashboards["sales_customers"].tabs
    assert len(pages) == len(tabs)
    with apply_configuration(image_maximum_buffer_size=250_000_000):
        pictures = [page.images[0].image for page in pages]
    for picture in pictures:
        assert picture is not None
        _assert_drawn(picture, 3200)
    assert len({picture.tobytes() for picture in pictures if picture}) == len(tabs)


def test_a_chart_arrives_as_a_picture_in_the_mail(edition: Edition, specs: Path) -> None:
    chart = {"title": "By month", "description": "", "chart": "sales_growth", "format": "PNG", "at": "0 7 * * 1"}
    (specs / "reports" / "by_month.yml").write_text(yaml.safe_dump(chart | {"to": ["a@shop.example", "marketing"]}))
    edition.publish(specs)
    assert edition.run("By month")["last_state"] == "Success"
    mail = arrived(edition.mails, "By month", seconds=10)
    assert mail["To"] == "a@shop.example, marketing@londongiftshop.example"
    _assert_drawn(Image.open(io.BytesIO(attachment(mail, "png"))), 2400)


def test_the_alert_is_sent_with_its_tab_when_the_metric_is_above_the_limit(edition: Edition, specs: Path) -> None:
    edition.publish(specs)
    _limit(specs, 1.1)
    assert edition.publish(specs).counts["update"] == 1
    assert edition.run(CANCELLATIONS)["last_state"] == "Not triggered"
    assert not [mail for mail in mails(edition.mails) if CANCELLATIONS in mail["Subject"]]

    _limit(specs, 0)
    edition.publish(specs)
    assert edition.run(CANCELLATIONS)["last_state"] == "Success"
    mail = arrived(edition.mails, CANCELLATIONS, seconds=10)
    body = mail.get_body(("html",))
    assert body is not None
    assert "Cancellation rate, of orders is at or above 0.0%." in body.get_content()
    _assert_drawn(Image.open(io.BytesIO(attachment(mail, "png"))), 3200)

    count = len(mails(edition.mails))
    assert edition.run(CANCELLATIONS)["last_state"] == "On Grace"
    assert len(mails(edition.mails)) == count


def test_an_alert_compares_the_number_that_the_dashboard_shows(edition: Edition) -> None:
    specs = load_specs(current().superset, load_layer(current().views))
    alert = specs.reports["cancellations"].alert
    assert alert is not None
    with_metric, rate = alert_sql(alert, specs.layer), specs.layer.metrics["cancellation_rate"].expression
    assert with_metric == f"select {rate} as cancellation_rate\nfrom mart.sales_month\nwhere months_ago = 0"


def test_who_publishes_hears_of_a_report_that_cannot_be_made(edition: Edition) -> None:
    edition.publish()
    edition.admin.delete(
        f"/api/v1/report/{edition.reports()[CANCELLATIONS]['id']}"
    )  # one in its quiet time says nothing
    edition.publish()
    report = edition.reports()[CANCELLATIONS]
    edition.admin.put(f"/api/v1/report/{report['id']}", {"sql": "select no_such_column from mart.sales_month"})
    assert edition.run(CANCELLATIONS)["last_state"] == "Error"
    mail = arrived(edition.mails, f"Error occurred for Alert: {CANCELLATIONS}", seconds=10)
    assert mail["To"] == "admin@lgs.localhost"


def test_a_manual_change_is_reported_and_undone(edition: Edition) -> None:
    edition.publish()
    report = edition.reports()[MONTHLY]
    edition.admin.put(f"/api/v1/report/{report['id']}", {"crontab": "* * * * *", "active": False})
    published = edition.publish()
    (step,) = published.drift
    assert (step.label, set(step.fields)) == ("report monthly_dashboard", {"active", "crontab"})
    after = edition.reports()[MONTHLY]
    assert (after["id"], after["active"], after["crontab"]) == (report["id"], True, "0 7 1 * *")


def test_a_report_of_somebody_else_is_refused_unless_adopted(edition: Edition, specs: Path) -> None:
    edition.publish()
    report = edition.reports()[MONTHLY]
    edition.admin.put(f"/api/v1/report/{report['id']}", {"context_markdown": "", "crontab": "0 9 1 * *"})
    with (specs / "charts" / "monthly_sales.yml").open("a") as chart:
        chart.write("limit: 99\n")
    with pytest.raises(UsageError, match=r"Sales & customers, the monthly report.*--adopt"):
        edition.publish(specs)
    adopted = edition.publish(adopt=True)
    assert [step.label for step in adopted.steps if step.verb != "unchanged"] == ["report monthly_dashboard"]
    assert edition.reports()[MONTHLY]["id"] == report["id"]
    assert not edition.publish().changed


def test_a_report_that_left_the_specs_is_pruned_and_others_stay(edition: Edition, specs: Path) -> None:
    edition.publish()
    board = edition.reports()[MONTHLY]["dashboard"]["id"]
    body = {"type": "Report", "name": "Mine", "crontab": "0 9 1 * *", "dashboard": board, "report_format": "PDF"}
    edition.admin.post("/api/v1/report/", body | {"creation_method": "alerts_reports"})
    (specs / "reports" / "monthly_dashboard.yml").unlink()
    published = edition.publish(specs)
    assert [step.label for step in published.steps if step.verb == "prune"] == ["report monthly_dashboard"]
    assert set(edition.reports()) == {CANCELLATIONS, "Mine"}
    edition.admin.delete(f"/api/v1/report/{edition.reports()['Mine']['id']}")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"at": "every month"}, "'every month' is no cron expression"),
        ({"timezone": "London"}, "'London' is no time zone"),
        ({"tabs": ["Overwiev"]}, 'no tab in sales_customers "Overwiev".*Overview'),
        ({"chart": "months"}, "give either dashboard or chart"),
        ({"dashboard": "sales"}, 'no dashboard "sales"'),
        ({"to": ["everybody"]}, 'no address or user "everybody"'),
        ({"alert": {"dataset": "sales_month", "metric": "sale", "limit": 1}}, 'no metric on sales_month "sale"'),
    ],
)
def test_a_wrong_spec_is_named_with_its_place(specs: Path, changes: dict[str, object], said: str) -> None:
    _rewrite(specs, "monthly_dashboard", **changes)
    with pytest.raises(SpecError, match=rf"(?s)monthly_dashboard\.yml.*{said}"):
        load_specs(specs, load_layer(current().views))


def test_a_site_with_a_worker_and_no_mail_server_says_which_reports_are_not_sent(edition: Edition, shop: Shop) -> None:
    site = replace(edition.site, url=shop.stack.superset_url, is_async=True)
    layer, folder = load_layer(current().views), current().superset
    published = publish(site, layer, specs=folder, plan_only=True, progress=silent())
    assert published.unsent == ("cancellations", "monthly_dashboard")
    assert any("LGS_SMTP_HOST" in line for line in published.lines())


def test_an_alert_that_asks_for_no_number_publishes_nothing(edition: Edition, specs: Path) -> None:
    edition.publish()
    alert = {"dataset": "sales_month", "metric": "sales", "where": "month_ago = 0", "limit": 1}
    _rewrite(specs, "cancellations", alert=alert)
    with pytest.raises(CheckFailed, match=r"(?s)'cancellations' asks for no number.*month_ago.*cancellations\.yml"):
        edition.publish(specs)
    assert not edition.publish().changed
