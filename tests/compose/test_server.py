"""The server edition from the first start to the last, in the order in which an administrator meets it."""

import io
import json
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image, ImageStat
from pypdf import PdfReader, apply_configuration

from bootstrap import __version__
from tests.mail import arrived, attachment

SERVICES = ("postgres", "redis", "web", "worker", "beat")


def _published(visitor: Any) -> list[dict[str, Any]]:
    """The dashboards that are there, with their charts."""
    boards = visitor.get("/api/v1/dashboard/")["result"]
    return [board | {"charts": visitor.get(f"/api/v1/dashboard/{board['id']}/charts")["result"]} for board in boards]


def _ask(visitor: Any, chart: dict[str, Any]) -> list[dict[str, Any]]:
    """What a chart's own saved query answers."""
    answers: list[dict[str, Any]] = visitor.get(f"/api/v1/chart/{chart['id']}/data/")["result"]
    return answers


def _run_async(visitor: Any, sql: str) -> list[dict[str, Any]]:
    """A query of SQL Lab through the worker, as the page does it."""
    databases = visitor.get("/api/v1/database/")["result"]
    number = next(entry["id"] for entry in databases if entry["allow_run_async"])
    client = f"t{time.time_ns() % 10**9}"
    body = {"database_id": number, "sql": sql, "runAsync": True, "client_id": client, "schema": "mart"}
    query = visitor.post("/api/v1/sqllab/execute/", body)["query"]
    deadline = time.monotonic() + 60
    while (found := visitor.get(f"/api/v1/query/{query['queryId']}")["result"])["status"] not in ("success", "failed"):
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    assert found["status"] == "success", found
    rows: list[dict[str, Any]] = visitor.get("/api/v1/sqllab/results/", q=f"(key:'{found['results_key']}')")["data"]
    return rows


def _state(server: Any) -> tuple[str, ...]:
    """What must outlive any restart: data, receipts, assets, users and passwords."""
    return (
        server.query("select count(*), sum(amount) from warehouse.line"),
        server.query("select count(*) from slices", "superset"),
        server.query("select string_agg(id || uuid::text, ',' order by id) from dashboards", "superset"),
        server.query("select string_agg(username || password, ',' order by id) from ab_user", "superset"),
    )


@pytest.mark.parametrize("name", ["LGS_SECRET_KEY", "LGS_POSTGRES_PASSWORD", "LGS_REDIS_PASSWORD"])
def test_nothing_starts_without_a_secret(server: Any, name: str) -> None:
    done = server.compose("up", "--detach", check=False, **{name: ""})
    assert done.returncode != 0
    assert name in done.stdout
    assert server.compose("ps", "--quiet").stdout.strip() == ""


def test_a_weak_secret_is_refused_by_name(server: Any) -> None:
    done = server.compose("run", "--rm", "-T", "--no-deps", "databases", check=False, LGS_ADMIN_PASSWORD="admin")
    assert done.returncode == 2
    assert "LGS_ADMIN_PASSWORD" in done.stdout


def test_all_services_start_and_are_well(server: Any) -> None:
    server.up()
    assert requests.get(f"{server.url}/ready", timeout=10).text == "OK"


def test_the_image_holds_this_version(server: Any) -> None:
    program = "import bootstrap; print(bootstrap.__version__)"
    printed = server.compose("run", "--rm", "-T", "--no-deps", "bootstrap", "python", "-c", program).stdout
    assert printed.split()[-1] == __version__


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_has_no_more_rights_than_it_needs(server: Any, service: str) -> None:
    described = server.inspect(service)
    host = described["HostConfig"]
    assert described["Config"]["User"].split(":")[0] not in ("", "0", "root")
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["LogConfig"]["Config"]["max-size"] == "10m"
    published = [binding for bindings in (host["PortBindings"] or {}).values() for binding in bindings]
    assert [binding["HostIp"] for binding in published] == (["127.0.0.1"] if service == "web" else [])


def test_the_site_sends_its_security_headers_and_takes_no_sign_ups(server: Any) -> None:
    answer = requests.get(f"{server.url}/login/", timeout=60)
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'self' 'strict-dynamic'" in answer.headers["Content-Security-Policy"]
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert requests.get(f"{server.url}/register/form", timeout=60).status_code == 404


def test_the_bootstrap_loads_the_data_and_publishes(server: Any) -> None:
    printed = server.bootstrap("lgs", "up")
    assert f"Open {server.url}. The passwords:" in printed
    assert int(server.query("select count(*) from warehouse.line")) == 200_000
    assert server.query("select count(*) from mart.metric_catalogue") != "0"


def test_metadata_and_warehouse_are_two_databases_of_two_owners(server: Any) -> None:
    owners = server.query(
        "select datname || ' ' || pg_get_userbyid(datdba) from pg_database "
        "where datname in ('lgs', 'superset') order by 1"
    )
    assert owners.split("\n") == ["lgs lgs_owner", "superset lgs_superset"]
    allowed = "select has_database_privilege('lgs_superset', 'lgs', 'connect')"
    assert server.query(allowed) == "f"


def test_every_chart_answers_and_marketing_sees_the_dashboards(server: Any) -> None:
    passwords = server.passwords()
    visitor = server.login("marketing", passwords["SUPERSET_MARKETING"])
    boards = _published(visitor)
    assert boards
    charts = {chart["id"]: chart for board in boards for chart in board["charts"]}
    assert charts
    failed = {
        chart["slice_name"]: answer
        for chart in charts.values()
        for answer in _ask(visitor, chart)
        if answer["error"] or answer["status"] != "success"
    }
    assert not failed


def test_the_worker_runs_a_query_of_sql_lab(server: Any) -> None:
    visitor = server.login("analyst", server.passwords()["SUPERSET_ANALYST"])
    rows = _run_async(visitor, "select count(*) as lines from warehouse.line")
    assert rows == [{"lines": 200_000}]
    assert "sql_lab.get_sql_results" in server.compose("logs", "worker").stdout


def test_a_second_bootstrap_has_nothing_to_do(server: Any) -> None:
    before = _state(server)
    printed = server.bootstrap("lgs", "up")
    assert len(re.findall("nothing to do", printed)) == 2, printed
    assert _state(server) == before


def test_beat_sends_and_the_worker_runs_what_is_due(server: Any) -> None:
    beat, deadline = server.container("beat"), time.monotonic() + 90
    before = server.docker("exec", beat, "stat", "-c", "%Y", "/tmp/beat-sent")
    while server.docker("exec", beat, "stat", "-c", "%Y", "/tmp/beat-sent") == before:
        assert time.monotonic() < deadline
        time.sleep(1)
    time.sleep(1)
    log = server.compose("logs", "worker").stdout
    assert re.search(r"Task reports.scheduler\S+ succeeded", log)
    assert "Traceback" not in log


def test_reports_and_alerts_arrive_by_mail_when_they_are_due(server: Any, mailbox: Path) -> None:
    admin = server.login("admin", server.variables["LGS_ADMIN_PASSWORD"])
    rows = {row["type"]: row for row in admin.get("/api/v1/report/")["result"]}
    now = {"crontab": "* * * * *"}
    admin.put(f"/api/v1/report/{rows['Report']['id']}", now)
    admin.put(f"/api/v1/report/{rows['Alert']['id']}", now | {"validator_config_json": {"op": ">", "threshold": 0}})
    report = arrived(mailbox, rows["Report"]["name"], seconds=300)
    alert = arrived(mailbox, rows["Alert"]["name"], seconds=120)
    pages = PdfReader(io.BytesIO(attachment(report, ".pdf"))).pages
    with apply_configuration(image_maximum_buffer_size=250_000_000):
        pictures = [page.images[0].image for page in pages]
    assert len(pictures) == 4
    pictures.append(Image.open(io.BytesIO(attachment(alert, "png"))))
    assert all(picture and max(ImageStat.Stat(picture.convert("RGB")).stddev) > 10 for picture in pictures)
    printed = server.bootstrap("lgs", "publish")
    assert "changed manually; restored" in printed
    assert "nothing to do" in server.bootstrap("lgs", "publish")


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_container_heals_and_nothing_is_lost(server: Any, service: str) -> None:
    before = _state(server)
    server.kill(service)
    for other in SERVICES:
        server.wait_healthy(other)
    visitor = server.login("admin", server.variables["LGS_ADMIN_PASSWORD"])
    for _ in range(10):  # each of the web's processes and connections comes to its turn
        visitor.get("/api/v1/dashboard/")
    chart = _published(visitor)[0]["charts"][0]
    assert all(answer["status"] == "success" for answer in _ask(visitor, chart))
    assert _run_async(visitor, "select 1 as one") == [{"one": 1}]
    assert _state(server) == before


def test_the_site_goes_on_without_redis(server: Any) -> None:
    visitor = server.login("admin", server.variables["LGS_ADMIN_PASSWORD"])
    chart = _published(visitor)[0]["charts"][0]
    server.compose("stop", "redis")
    try:
        assert requests.get(f"{server.url}/ready", timeout=10).text == "OK"
        assert requests.get(f"{server.url}/login/", timeout=30).ok
        assert server.login("admin", server.variables["LGS_ADMIN_PASSWORD"]).get("/api/v1/me/")
        begun = time.monotonic()
        assert all(answer["status"] == "success" for answer in _ask(visitor, chart))
        assert time.monotonic() - begun < 15
    finally:
        server.compose("start", "redis")
    server.wait_healthy("redis")
    server.wait_healthy("worker")
    assert _run_async(visitor, "select 2 as two") == [{"two": 2}]


def test_a_restart_of_everything_loses_nothing_and_takes_tls(server: Any) -> None:
    visitor = server.login("admin", server.variables["LGS_ADMIN_PASSWORD"])
    dataset = visitor.get("/api/v1/dataset/")["result"][0]["id"]
    body = {"slice_name": "Mine", "viz_type": "table", "datasource_id": dataset, "datasource_type": "table"}
    mine = visitor.post("/api/v1/chart/", body)["id"]
    before = _state(server)
    server.compose("down", "--timeout", "60")
    server.up(LGS_SUPERSET_HTTPS="1")
    assert _state(server) == before
    visitor = server.login("admin", server.variables["LGS_ADMIN_PASSWORD"])
    assert visitor.get(f"/api/v1/chart/{mine}")["result"]["slice_name"] == "Mine"
    assert all(board["charts"] for board in _published(visitor))
    proxied = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "bi.example"}
    cookie = requests.get(f"{server.url}/login/", headers=proxied, timeout=60).headers["Set-Cookie"]
    assert "; Secure" in cookie
    printed = server.bootstrap("lgs", "up")
    assert len(re.findall("nothing to do", printed)) == 2, printed


def _assert_all_answer(visitor: Any) -> None:
    charts = [chart for board in _published(visitor) for chart in board["charts"]]
    assert charts
    assert all(answer["status"] == "success" for chart in charts for answer in _ask(visitor, chart))


def test_a_backup_is_restored_in_the_embedded_edition_and_one_of_that_here(
    server: Any, embedded: Any, tmp_path: Path
) -> None:
    server.bootstrap("lgs", "backup", "/var/lib/lgs/there.tar")
    server.fetch("/var/lib/lgs/there.tar", tmp_path / "there.tar")
    embedded.lgs("restore", str(tmp_path / "there.tar"))
    assert json.loads(embedded.lgs("status", "--json"))["data"]["lines_kept"] == 200_000
    listed = embedded.login("admin").get("/api/v1/chart/", q="(page_size:100)")["result"]
    assert "Mine" in {chart["slice_name"] for chart in listed}
    _assert_all_answer(embedded.login("marketing"))

    embedded.lgs("up")
    embedded.lgs("backup", str(tmp_path / "backup.tar"))
    lines = json.loads(embedded.lgs("status", "--json"))["data"]["lines_kept"]
    embedded.lgs("down")

    server.send(tmp_path / "backup.tar", "/var/lib/lgs/backup.tar")
    server.bootstrap("lgs", "restore", "/var/lib/lgs/backup.tar")
    assert server.query("select count(*) from warehouse.line") == str(lines)
    _assert_all_answer(server.login("marketing", server.passwords()["SUPERSET_MARKETING"]))
    assert len(re.findall("nothing to do", server.bootstrap("lgs", "up"))) == 2


def test_guesses_at_a_password_are_limited(server: Any) -> None:
    address = f"{server.url}/api/v1/security/login"

    def guess(password: str) -> int:
        answer = requests.post(address, json={"username": "admin", "password": password, "provider": "db"}, timeout=60)
        return answer.status_code

    with ThreadPoolExecutor(4) as guessing:
        answers = Counter(guessing.map(guess, map(str, range(40))))
    assert answers.keys() == {401, 429}, answers
    assert answers[401] <= 10 + 4, answers  # as many pass the check at once as guess at once
