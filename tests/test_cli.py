"""The ``lgs`` command as its users call it."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from typer.main import get_command

from bootstrap.assets.client import Client
from bootstrap.cli import app, command_reference
from bootstrap.connection import LOCK_KEY
from bootstrap.lines import SetAside
from bootstrap.stack.status import Data, Failure, Service, Status, status_reference
from tests.conftest import REPOSITORY, SMALL_DUMP, MakeShop, Shop
from tests.processes import running, until

COMMANDS = sorted(get_command(app).commands)  # type: ignore[attr-defined]
CHANGED_ON = " union all ".join(
    f"select '{table}', id, changed_on from {table}"
    for table in ("dbs", "tables", "table_columns", "sql_metrics", "slices", "dashboards", "themes")
)


def changed_on(shop: Shop) -> list[tuple[object, ...]]:
    with psycopg2.connect(shop.stack.url("metadata")) as connection, connection.cursor() as cursor:
        cursor.execute(f"{CHANGED_ON} order by 1, 2")
        return cursor.fetchall()


@pytest.fixture(scope="module")
def january(make_shop: MakeShop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop in its first month, in which nobody cancels. Not up yet."""
    lines = SMALL_DUMP.read_text().splitlines(keepends=True)
    path = tmp_path_factory.mktemp("january") / "january.sql"
    path.write_text("".join(line for line in lines if "\t" not in line or ("\t2011-01" in line and line[0] != "C")))
    return replace(make_shop(), source=path)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_help_has_an_example(shop: Shop, command: str) -> None:
    said = shop.lgs(command, "--help").stdout
    assert f"Example: lgs {command}" in said or "$(lgs url" in said


def test_a_second_up_changes_nothing_and_says_so(shop: Shop) -> None:
    before = changed_on(shop)
    done = shop.lgs("up", "--source", str(shop.source))
    assert done.returncode == 0, done.stderr
    assert "Data: nothing to do" in done.stdout
    assert "Superset: nothing to do" in done.stdout
    assert changed_on(shop) == before


def test_refresh_and_publish_have_nothing_to_do_the_second_time(shop: Shop) -> None:
    before = changed_on(shop)
    refreshed, published = shop.lgs("refresh", "--source", str(shop.source)), shop.lgs("publish")
    assert (refreshed.returncode, published.returncode) == (0, 0), refreshed.stderr + published.stderr
    assert "Data: nothing to do: the source's sha256" in refreshed.stdout
    assert "nothing was sent" in published.stdout
    assert changed_on(shop) == before


def test_a_shop_without_cancellations_in_its_first_month_is_published(january: Shop) -> None:
    done = january.lgs("up", "--source", str(january.source))
    assert done.returncode == 0, done.stdout + done.stderr
    (empty,) = [line for line in done.stdout.splitlines() if "empty" in line]
    assert "cancelled_products" in empty
    assert "monthly_sales" not in empty
    assert "Superset: nothing to do" in january.lgs("publish").stdout


def held(shop: Shop) -> dict[str, object]:
    """What each table of the warehouse holds, with the ledger of the site."""
    url = shop.stack.url("warehouse")
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("select relid::regclass::text from pg_stat_user_tables order by 1")
        found: dict[str, object] = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f"select count(*), sum(hash_record_extended(t, 0)::numeric) from {table} t")
            found[table] = cursor.fetchone()
        return found


def test_a_plan_ends_in_one_verdict_and_touches_neither_data_nor_site(january: Shop) -> None:
    january.lgs("up", "--source", str(january.source))
    before = held(january), changed_on(january)
    same, other = (january.lgs("refresh", "--plan", "--source", str(path)) for path in (january.source, SMALL_DUMP))
    assert (same.returncode, same.stdout.splitlines()[-1]) == (0, "Nothing would change."), same.stdout + same.stderr
    assert (other.returncode, other.stdout.splitlines()[-1]) == (4, "It would change the data."), other.stdout
    published = january.lgs("publish", "--plan")
    assert (published.returncode, published.stdout.splitlines()[-1]) == (0, "Nothing would change.")
    assert (held(january), changed_on(january)) == before
    assert ("warehouse.published" in before[0], len(before[1]) > 100) == (True, True)


def test_a_plan_says_what_becomes_of_the_data_before_it_asks_superset(january: Shop) -> None:
    january.lgs("up", "--source", str(january.source))
    nobody = {"LGS_SUPERSET_URL": "http://127.0.0.1:1"}
    done = january.lgs("refresh", "--plan", "--source", str(SMALL_DUMP), **nobody)
    assert (done.returncode, "18 read, 18 kept" in done.stdout) == (3, True), done.stdout + done.stderr


def test_several_files_follow_one_another_and_those_before_a_bad_one_are_published(
    january: Shop, tmp_path: Path
) -> None:
    january.lgs("up", "--source", str(january.source))
    head = "invoice_no,stock_code,description,quantity,invoice_date,unit_price,customer_id,country\n"
    line = "50003{0},1001,TEA CUP,{0},2011-01-2{0} 09:00:00,2.55,102,France\n"
    for number, text in enumerate(
        [head + line.format(1), head + line.format(2), "no table\n", head + line.format(4)], 1
    ):
        (tmp_path / f"{number}.csv").write_text(text)

    several = january.lgs("refresh", "--source", str(tmp_path / "1.csv"), "--source", str(tmp_path / "2.csv"))
    assert (several.returncode, "say --append" in several.stderr) == (2, True), several.stderr
    folder = january.lgs("refresh", "--append", "--source", str(tmp_path))
    assert folder.returncode == 2, folder.stdout + folder.stderr
    assert f"2 of 4 files were loaded; {tmp_path / '3.csv'} and what follows it were not." in folder.stdout
    assert "3.csv" in folder.stderr
    status = json.loads(january.lgs("status", "--json").stdout)
    assert (status["data"]["source"], status["data"]["published"]) == (str(tmp_path / "2.csv"), True)
    assert january.lgs("history", "sales").stdout.count("2.csv, added") == 1

    again = january.lgs("up", "--source", str(january.source))  # as LGS_SOURCE names it for ever
    assert (again.returncode, "Data: nothing to do" in again.stdout) == (0, True), again.stdout + again.stderr
    assert json.loads(january.lgs("status", "--json").stdout)["data"]["source"] == str(tmp_path / "2.csv")


def test_a_file_put_into_a_watched_folder_changes_what_a_chart_shows(january: Shop, tmp_path: Path) -> None:
    january.lgs("up", "--source", str(january.source))
    stack, log = january.stack, tmp_path / "watch.log"
    client = Client(stack.superset_url, stack.superset_username, stack.superset_password)
    titles = {row["slice_name"]: row["id"] for row in client.list("/api/v1/chart/", ("id", "slice_name"))}
    chart = f"/api/v1/chart/{titles['How much do we sell each month?']}/data/"

    def sales() -> float:
        (answer,) = client.get(chart)["result"]
        return sum(row[answer["colnames"][-1]] for row in answer["data"])

    def is_published() -> bool:
        return bool(json.loads(january.lgs("status", "--json").stdout)["data"]["published"])

    head = "invoice_no,stock_code,description,quantity,invoice_date,unit_price,customer_id,country\n"
    for number in (1, 2):
        line = f"50009{number},1001,TEA CUP,4,2011-01-21 09:00:00,2.50,102,France\n"
        (tmp_path / f"{number}.csv").write_text(head + line)
    before, inbox = sales(), tmp_path / "inbox"
    inbox.mkdir()
    unseen = ("refresh", "--append", "--source", str(tmp_path / "1.csv"))
    assert january.lgs(*unseen, LGS_SUPERSET_URL="http://127.0.0.1:1").returncode == 3
    assert not is_published()
    command = [sys.executable, "-m", "bootstrap", "watch", str(inbox)]
    with running(*command, log=log, environment=os.environ | january.environment):
        until(lambda: round(sales() - before, 2) == 10, log=log)
        (tmp_path / "2.csv").rename(inbox / "2.csv")
        until(lambda: round(sales() - before, 2) == 20, log=log)
        assert (inbox / "done" / "2.csv").exists()
    assert is_published()


@pytest.mark.parametrize("command", [["publish"], ["backup", "lgs.tar"]], ids=lambda command: command[0])
def test_who_needs_the_lock_waits_for_nobody_and_says_that_another_run_holds_it(
    shop: Shop, tmp_path: Path, command: list[str]
) -> None:
    command = [str(tmp_path / word) if word.endswith(".tar") else word for word in command]
    with psycopg2.connect(shop.stack.url("warehouse")) as connection, connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [LOCK_KEY])
        done = shop.lgs(*command)
    assert (done.returncode, "Another refresh or publish is running" in done.stderr) == (75, True), done.stderr


def test_a_publish_verifies_what_was_sent_by_one_that_was_killed(shop: Shop) -> None:
    shop.lgs("publish")
    admin = Client(shop.stack.superset_url, shop.stack.superset_username, shop.stack.superset_password)
    (chart,) = [
        row["id"] for row in admin.list("/api/v1/chart/") if row["slice_name"] == "How much do we sell each month?"
    ]
    admin.put(f"/api/v1/chart/{chart}", {"slice_name": "Something else"})
    killed = [sys.executable, "-m", "tests.killed", "Send what changed", "publish"]
    done = subprocess.run(killed, cwd=REPOSITORY, env=os.environ | shop.environment, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr

    after, again = shop.lgs("publish").stdout, shop.lgs("publish").stdout
    assert "nothing was sent" in after
    assert "charts answer" in after
    assert "charts answer" not in again


def test_up_ends_with_the_address_and_where_the_password_of_each_user_is(shop: Shop) -> None:
    first, *places = shop.lgs("up").stdout.strip().splitlines()[-4:]
    assert first == f"Open {shop.stack.superset_url}. The passwords:"
    variables = {"admin": "SUPERSET_ADMIN", "marketing": "SUPERSET_MARKETING", "analyst": "SUPERSET_ANALYST"}
    path = shop.home / "credentials.env"
    assert places == [f"  {user}: {variable} in {path}" for user, variable in variables.items()]
    assert all(f"{variable}=" in path.read_text() for variable in variables.values())


@pytest.mark.parametrize(
    "given",
    [{"LGS_PUBLIC_URL": "https://bi.example/"}, {"LGS_PUBLIC_URL": "", "LGS_PUBLISHED_URL": "https://bi.example"}],
)
def test_the_address_of_the_site_is_the_one_that_people_open(shop: Shop, given: dict[str, str]) -> None:
    printed = shop.lgs("url", "superset", **given).stdout
    assert printed == f"https://admin:{shop.stack.superset_password}@bi.example\n"


def test_status_says_what_runs_and_how_many_lines(shop: Shop) -> None:
    status = json.loads(shop.lgs("status", "--json").stdout)
    assert [(service["name"], service["healthy"]) for service in status["services"]] == [
        ("PostgreSQL", True),
        ("Superset", True),
    ]
    with psycopg2.connect(shop.stack.url("warehouse")) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from warehouse.line")
        assert cursor.fetchone() == (status["data"]["lines_kept"],)
    figures = {name: value for name, value in status["data"].items() if name not in Data.model_fields}
    assert type(figures["orders_placed"]) is int
    assert type(figures["sales"]) is float
    assert Status.model_validate(status).model_dump(mode="json") == status
    shown = shop.lgs("status")
    assert "lines kept" in shown.stdout
    assert (shown.returncode, shown.stdout.splitlines()[-1]) == (0, "All well.")


@pytest.mark.parametrize(
    ("silent", "facts", "verdict", "says", "code"),
    [
        ((), {}, "all well", "", 0),
        ((), {"age_hours": 49}, "stale", "No data was loaded for 49 hours", 1),
        ((), {"published": False}, "degraded", "Run: lgs publish", 1),
        (("Superset",), {"age_hours": 49}, "degraded", "Superset does not answer", 1),
        (("PostgreSQL", "Superset"), {}, "down", "PostgreSQL and Superset do not answer", 3),
    ],
)
def test_a_monitor_learns_whether_all_is_well(
    silent: tuple[str, ...], facts: dict[str, Any], verdict: str, says: str, code: int
) -> None:
    services = tuple(
        Service(name=name, where="embedded", host="127.0.0.1", port=1, healthy=name not in silent)
        for name in ("PostgreSQL", "Superset")
    )
    told = {"source": "a", "form": "CSV", "sha256": "0", "lines_read": 2, "lines_kept": 1, "lines_rejected": 1}
    loaded = Data(refreshed_at=datetime(2011, 12, 1), **{**told, "age_hours": 1, "published": True, **facts})
    found = Status(services=services, data=loaded).judged(stale_hours=48)
    assert (found.verdict, found.exit_code) == (verdict, code)
    assert says in found.advice
    assert found.lines()[-1].lower().startswith(verdict)


def test_each_value_of_the_status_is_documented_with_its_type() -> None:
    figures = {"sales": "560000.26", "orders_placed": 12, "newest_complete_month": "2011-11-01", "none_yet": None}
    facts = {"source": "a", "form": "CSV", "sha256": "0", "lines_read": 2, "lines_kept": 1, "lines_rejected": 1}
    facts |= {"age_hours": 1.5, "published": True}
    data = Data(refreshed_at=datetime(2011, 12, 1), **facts, **figures)  # type: ignore[arg-type]
    service = Service(name="Superset", where="embedded", host="127.0.0.1", port=8088, healthy=False)
    day = {"day": "2011-03-03", "contract": "c", "file": "a", "lines": 1, "amount": "2.5", "set_aside_at": "2011-12-01"}
    aside = SetAside.model_validate(day)
    told = json.loads(Status(services=(service,), data=data, quarantine=(aside,)).model_dump_json())
    assert told["quarantine"][0]["amount"] == 2.5
    assert {name: told["data"][name] for name in figures} == figures | {"sales": 560000.26}
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \| .+ \|$", status_reference(), re.MULTILINE)
    services, facts_told = told["services"][0], told["data"].keys() - figures.keys()
    paths = [*told, *(f"services[].{name}" for name in services), *(f"data.{name}" for name in facts_told), "data.*"]
    paths += [f"last_failure.{name}" for name in Failure.model_fields]
    paths += [f"quarantine[].{name}" for name in told["quarantine"][0]]
    assert sorted(path for path, _ in rows) == sorted(paths)
    assert dict(rows)["services[].pid"] == "integer or null"


@pytest.mark.parametrize(
    ("name", "role"), [("warehouse", "lgs_owner"), ("reader", "lgs_reader"), ("analyst", "lgs_analyst")]
)
def test_each_address_opens_as_its_role(shop: Shop, name: str, role: str) -> None:
    with psycopg2.connect(shop.lgs("url", name).stdout.strip()) as connection, connection.cursor() as cursor:
        cursor.execute("select current_user")
        assert cursor.fetchone() == (role,)


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "says"),
    [
        (("url", "kitchen"), {}, 2, "kitchen"),
        (("refresh", "--source", "gone.sql"), {}, 2, "gone.sql"),
        (("status",), {"LGS_SUPERSET_PORT": "many"}, 2, "LGS_SUPERSET_PORT"),
        (("rollback",), {}, 2, "lgs refresh --source"),
        (("refresh",), {"LGS_WAREHOUSE_URL": "postgresql://x:y@127.0.0.1:1/lgs"}, 3, "127.0.0.1:1"),
        (("publish",), {"LGS_SUPERSET_URL": "http://127.0.0.1:1"}, 3, "127.0.0.1:1"),
    ],
)
def test_errors_are_one_message_and_an_exit_code(
    shop: Shop, arguments: tuple[str, ...], environment: dict[str, str], code: int, says: str
) -> None:
    done = shop.lgs(*arguments, **environment)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_question_is_answered_as_a_table_as_csv_and_as_json_or_its_sql_is_shown(shop: Shop) -> None:
    asked = ("query", "sales", "customers", "--by", "month,segment", "--where", "month = '2011-01'")
    rows = json.loads(shop.lgs(*asked, "--format", "json").stdout)
    with closing(psycopg2.connect(shop.lgs("url", "reader").stdout.strip())) as connection:
        cursor = connection.cursor()
        cursor.execute(shop.lgs(*asked, "--sql").stdout)
        assert [row["sales"] for row in rows] == [float(row[2]) for row in cursor.fetchall()]
    written = shop.lgs(*asked, "--format", "csv").stdout.splitlines()
    assert written[0] == "month,segment,sales,customers,is_complete"
    assert len(written) == len(rows) + 1
    shown = shop.lgs(*asked)
    assert shown.stdout.split("\n")[0].split() == ["Month", "Segment", "today", "Sales", "Customers", "Complete"]
    assert "Customers must not be added up over rows" in shown.stderr
    refused = shop.lgs("query", "sales", "--where", "month = 'May'")
    assert (refused.returncode, "PostgreSQL refuses" in refused.stderr) == (2, True)


def test_the_command_reference_is_current() -> None:
    assert (REPOSITORY / "docs" / "commands.md").read_text() == command_reference()
