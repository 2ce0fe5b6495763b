"""The site and its worker beside a Redis that comes and goes."""

import psycopg2
import pytest
import requests
from celery import Celery

from bootstrap.assets.live import Live
from bootstrap.errors import CheckFailed
from tests.processes import until
from tests.reports.conftest import Edition, answers


def _login(edition: Edition, password: str) -> int:
    body = {"username": "admin", "password": password, "provider": "db"}
    return requests.post(f"{edition.url}/api/v1/security/login", json=body, timeout=60).status_code


def _cached(edition: Edition) -> list[str]:
    """The keys in Redis of all answers that Superset knows to be cached."""
    with psycopg2.connect(edition.environment["LGS_METADATA_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("select 'lgs_data_' || cache_key from cache_keys")
        return [key for (key,) in cursor.fetchall()]


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


def test_a_refresh_drops_every_cached_answer_also_when_some_have_expired(edition: Edition) -> None:
    edition.publish(fresh_data=True)
    redis = edition.redis.client
    cached = [key for key in _cached(edition) if redis.exists(key)]  # the embedded site records its own, held elsewhere
    assert redis.delete(cached[0])
    assert redis.exists(*cached)
    edition.admin.invalidate(list(Live.read(edition.admin).ids["datasets"].values()))
    assert (redis.exists(*cached), set(cached) & set(_cached(edition))) == (0, set())


def test_a_refresh_that_cannot_drop_cached_answers_fails_and_leaves_them_to_the_next(edition: Edition) -> None:
    edition.publish(fresh_data=True)
    cached = _cached(edition)
    with edition.redis.away(), pytest.raises(CheckFailed, match="cachekey/invalidate"):
        edition.publish(fresh_data=True)
    assert set(_cached(edition)) >= set(cached)
