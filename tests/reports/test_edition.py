"""The site and its worker beside a Redis that comes and goes."""

import pytest
import requests
from celery import Celery

from tests.processes import until
from tests.reports.conftest import Edition, answers


def _login(edition: Edition, password: str) -> int:
    body = {"username": "admin", "password": password, "provider": "db"}
    return requests.post(f"{edition.url}/api/v1/security/login", json=body, timeout=60).status_code


@pytest.fixture
def password(edition: Edition) -> str:
    return edition.environment["LGS_ADMIN_PASSWORD"]


def test_the_worker_logs_no_error_for_a_task(edition: Edition) -> None:
    log = edition.folder / "worker.log"
    Celery(broker=edition.redis.url).send_task("reports.scheduler")
    until(lambda: "Task reports.scheduler" in log.read_text() and " succeeded in " in log.read_text(), log=log)
    assert "Signal handler" not in log.read_text()


def test_guesses_at_a_password_are_counted_in_redis(edition: Edition, password: str) -> None:
    assert _login(edition, password) == 200
    assert {_login(edition, "a guess") for _ in range(35)} == {401, 429}
    counted = edition.redis.client.keys("LIMIT*")
    assert counted
    edition.redis.client.delete(*counted)


def test_the_site_does_without_redis(edition: Edition, password: str) -> None:
    with edition.redis.away():
        assert answers(f"{edition.url}/ready")
        assert _login(edition, password) == 200
