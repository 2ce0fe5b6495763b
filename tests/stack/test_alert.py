"""Alerts reach a real mail server and a real web server, once for each state; metrics are whole."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bootstrap.errors import Unreachable
from bootstrap.lines import SetAside
from bootstrap.overview import alert, write_metrics
from bootstrap.settings import Settings
from bootstrap.stack.alert import last_told, note_failure, tell
from bootstrap.stack.status import Data, Service, Status
from tests.conftest import free_port
from tests.mail import Sink, mails


@pytest.fixture
def posted() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The URL of a web server, and what was posted to it."""
    bodies: list[dict[str, Any]] = []

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if self.path == "/broken" else 204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Keep)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", bodies
    server.shutdown()
    server.server_close()


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """The port of a mail server, and the folder of what arrived."""
    port, folder = free_port(), tmp_path / "mails"
    folder.mkdir()
    sink = Sink(folder, "127.0.0.1", port)
    sink.start()
    yield port, folder
    sink.stop()


@pytest.fixture
def settings(tmp_path: Path, inbox: tuple[int, Path], posted: tuple[str, list[dict[str, Any]]]) -> Settings:
    mail = {"smtp_host": "127.0.0.1", "smtp_port": inbox[0], "smtp_security": "none", "smtp_from": "bi@shop.example"}
    given = mail | {"admin_email": "it@shop.example", "alert_webhook": posted[0], "home": tmp_path}
    return Settings(**given)  # type: ignore[arg-type]


def status(*, hours: float = 1, healthy: bool = True) -> Status:
    facts = {
        "source": "a.sql",
        "form": "COPY dump",
        "sha256": "",
        "lines_read": 3,
        "lines_kept": 2,
        "lines_rejected": 1,
    }
    loaded = datetime.now(UTC) - timedelta(hours=hours)
    data = Data(**facts, refreshed_at=loaded, age_hours=hours, published=True)
    service = Service(name="PostgreSQL", where="embedded", host="127.0.0.1", port=1, healthy=healthy)
    return Status(services=(service,), data=data).judged(stale_hours=48)


def test_stale_data_is_told_once_with_since_when_and_what_to_do(
    settings: Settings, inbox: tuple[int, Path], posted: tuple[str, list[dict[str, Any]]]
) -> None:
    alert(settings, status())
    for hours in (50, 51):
        alert(settings, status(hours=hours))
    (mail,), (body,) = mails(inbox[1]), posted[1]
    assert (mail["Subject"], mail["To"], mail["From"]) == (
        "London Gift Shop: stale",
        "it@shop.example",
        "bi@shop.example",
    )
    said = mail.get_content()
    assert "No data was loaded for 50 hours" in said
    assert "Run: lgs refresh." in said
    assert f"Since {datetime.now(UTC) - timedelta(hours=50):%-d %B %Y}" in said
    assert (body["verdict"], body["project"]) == ("stale", "London Gift Shop")
    assert body["text"].splitlines() == said.splitlines()
    alert(settings, status())
    assert [mail["Subject"] for mail in mails(inbox[1])][1:] == ["London Gift Shop: all well"]


def test_a_refresh_that_fails_is_told_until_one_succeeds(settings: Settings, inbox: tuple[int, Path]) -> None:
    for _ in range(2):
        note_failure(settings, "a.csv: there are no lines in it. Load a file with transactions.")
    alert(settings, status())
    (mail,) = mails(inbox[1])
    assert mail["Subject"] == "London Gift Shop: failed"
    assert "The refresh failed. a.csv: there are no lines in it. Load a file" in mail.get_content()
    assert tell(settings, key="all well", verdict="all well")
    assert not tell(settings, key="all well", verdict="all well")


def test_what_could_not_be_sent_is_tried_again(
    settings: Settings, posted: tuple[str, list[dict[str, Any]]], inbox: tuple[int, Path]
) -> None:
    broken = Settings(home=settings.home, alert_webhook=f"{posted[0]}/broken")
    with pytest.raises(Unreachable, match=r"The webhook does not answer.*status 500.*LGS_ALERT_WEBHOOK"):
        alert(broken, status(hours=50))
    closed = settings.model_copy(update={"smtp_port": free_port()})
    with pytest.raises(Unreachable, match=r"The mail server does not answer.*LGS_SMTP_HOST"):
        alert(closed, status(hours=50))
    alert(settings, status(hours=50))
    assert len(mails(inbox[1])) == 1


def test_without_an_address_nothing_is_sent(tmp_path: Path) -> None:
    silent = Settings(home=tmp_path)
    assert not tell(silent, key="stale", verdict="stale")
    assert last_told(silent).verdict == "stale"


def test_metrics_are_what_prometheus_reads(tmp_path: Path) -> None:
    settings, path = Settings(home=tmp_path), tmp_path / "lgs.prom"
    note_failure(settings, "no file")
    write_metrics(settings, status(hours=2, healthy=False), path)
    lines = path.read_text().splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert values['lgs_up{service="PostgreSQL"}'] == "0"
    assert (values["lgs_healthy"], values["lgs_data_age_seconds"], values["lgs_lines_kept"]) == ("0", "7200", "2")
    assert abs(float(values["lgs_last_failure_timestamp_seconds"]) - datetime.now(UTC).timestamp()) < 60
    assert {line.split()[2] for line in lines if line.startswith("# TYPE")} == {name.split("{")[0] for name in values}
    assert [other.name for other in tmp_path.iterdir() if "part" in other.name] == []


def test_a_day_that_is_set_aside_is_named_in_pounds_and_makes_the_verdict() -> None:
    facts = {"contract": "prices_are_possible", "file": "a.csv", "lines": 2, "amount": "209979"}
    one = SetAside(day=date(2011, 3, 3), set_aside_at=datetime.now(UTC), **facts)  # type: ignore[arg-type]
    found = status().model_copy(update={"quarantine": (one,)}).judged(stale_hours=48)
    assert (found.verdict, found.exit_code) == ("degraded", 1)
    assert found.lines()[-1] == (
        "Degraded: Days are set aside: 3 March 2011. Correct them in the file and load that: lgs refresh."
    )
    assert found.lines()[-2].startswith("! 3 March 2011 of a.csv is set aside (2 lines, £209,979.00), because")
    assert "lgs_quarantined_days 1" in found.prometheus()
