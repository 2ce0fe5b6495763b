"""What the containers of the server edition run, each part as a plain process; Redis is a real one."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from bootstrap.server.caches import ForgivingRedisCache
from bootstrap.stack.postgres import EmbeddedPostgres
from tests.conftest import REPOSITORY, free_port
from tests.processes import Redis, redis_in, running, until
from tests.stack.places import open_folder

NAMES = ("SECRET_KEY", "ADMIN_PASSWORD", "METADATA_PASSWORD", "POSTGRES_PASSWORD", "REDIS_PASSWORD")
SECRETS = {f"LGS_{name}": secrets.token_urlsafe(32) for name in NAMES}
CELERY = """
from celery import Celery

app = Celery(broker="{url}")
app.conf.beat_schedule = {{"often": {{"task": "often", "schedule": 0.3}}}}
app.conf.broker_transport_options = {{"socket_connect_timeout": 1}}
app.conf.task_publish_retry = False
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def redis(place: Path) -> Iterator[Redis]:
    with redis_in(place) as server:
        yield server


@dataclass(frozen=True)
class Part:
    """Runs one part of the server edition with what Compose would tell it."""

    environment: dict[str, str]

    def __call__(self, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "bootstrap.server.containers", *arguments]
        environment = os.environ | self.environment | more
        return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def part(place: Path) -> Iterator[Part]:
    postgres = EmbeddedPostgres(place / "postgres", free_port(), SECRETS["LGS_POSTGRES_PASSWORD"])
    postgres.start()
    yield Part({**SECRETS, "LGS_HOME": str(place / "home"), "LGS_WAREHOUSE_URL": postgres.url()})
    postgres.remove()


@pytest.mark.parametrize("name", NAMES)
def test_a_weak_secret_is_refused_by_name(part: Part, name: str) -> None:
    done = part("databases", **{f"LGS_{name}": "admin"})
    assert done.returncode == 2
    assert f"LGS_{name}" in done.stderr
    assert ".env.example" in done.stderr


@pytest.mark.parametrize("name", ["METADATA_PASSWORD", "POSTGRES_PASSWORD", "REDIS_PASSWORD"])
def test_a_secret_that_would_break_an_address_is_refused_by_name(part: Part, name: str) -> None:
    done = part("databases", **{f"LGS_{name}": "p@ss/word-of-enough-letters"})
    assert done.returncode == 2
    assert f"LGS_{name} (it may hold only letters, digits, - and _" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["job"], ["everything"]])
def test_a_part_must_be_named(part: Part, arguments: list[str]) -> None:
    done = part(*arguments)
    assert (done.returncode, "Name one part" in done.stderr) == (2, True)


def test_no_database_server_is_no_traceback(part: Part) -> None:
    assert "LGS_WAREHOUSE_URL" in part("databases", LGS_WAREHOUSE_URL="").stderr
    away = part("databases", LGS_WAREHOUSE_URL=f"postgresql://u:p@127.0.0.1:{free_port()}/lgs")
    assert (away.returncode, "Traceback" in away.stderr) == (3, False)


def test_a_job_runs_under_the_secrets_of_the_file(part: Part, place: Path) -> None:
    (place / "home").mkdir(mode=0o700)
    done = part("job", "cat", str(place / "home" / "credentials.env"))
    assert done.returncode == 0, done.stderr
    kept = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    told = ("SUPERSET_ADMIN", "SUPERSET_SECRET_KEY", "LGS_SUPERSET", "POSTGRES")
    names = ("ADMIN_PASSWORD", "SECRET_KEY", "METADATA_PASSWORD", "POSTGRES_PASSWORD")
    assert [kept[name] for name in told] == [SECRETS[f"LGS_{name}"] for name in names]
    assert part("job", "cat", str(place / "home" / "credentials.env")).stdout == done.stdout


def test_the_database_of_superset_is_made_once(part: Part) -> None:
    for _ in range(2):
        assert part("databases").stdout == "✓ Superset's metadata database is there\n"
    other = part("databases", LGS_SECRET_KEY=secrets.token_urlsafe(32))
    assert (other.returncode, "LGS_SECRET_KEY in .env" in other.stderr) == (2, True), other.stderr


def test_a_cache_forgives_that_redis_is_away(redis: Redis) -> None:
    cache = ForgivingRedisCache(host=redis.client, key_prefix="lgs_", default_timeout=60)
    assert cache.set("one", 1)
    assert cache.add("two", 2)
    assert cache.set_many({"three": 3}) == ["three"]
    assert (cache.get("one"), cache.get_many("one", "two", "none"), cache.has("two")) == (1, [1, 2, None], True)
    assert redis.client.keys("lgs_*")
    assert cache.delete("one")
    with redis.away():
        assert (cache.get("three"), cache.get_many("three", "two"), cache.has("three")) == (None, [None, None], False)
        assert (cache.set("one", 1), cache.add("one", 1), cache.set_many({"one": 1})) == (False, False, [])
        assert (cache.delete("one"), cache.unlink("one")) == (False, 0)


def test_an_invalidation_drops_every_key_or_fails(redis: Redis) -> None:
    cache = ForgivingRedisCache(host=redis.client, key_prefix="lgs_data_", default_timeout=60)
    cache.set_many({"one": 1, "two": 2})
    assert cache.delete_many("expired", "one", "one", "two") == ["expired", "one", "one", "two"]
    assert cache.get_many("one", "two") == [None, None]
    with redis.away(), pytest.raises(RedisError):
        cache.delete_many("one")


def test_beat_gives_a_sign_of_life_only_while_it_can_send(redis: Redis, tmp_path: Path) -> None:
    (tmp_path / "shop_tasks.py").write_text(CELERY.format(url=redis.url))
    sign = tmp_path / "beat-sent"
    log, surroundings = tmp_path / "beat.log", os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"}
    beat = [str(Path(sys.executable).with_name("celery")), "--app=shop_tasks", "beat", f"--schedule={tmp_path}/beat"]
    beat += ["--scheduler=bootstrap.server.beat.Scheduler", "--pidfile="]
    with running(*beat, log=log, environment=surroundings):
        until(sign.exists)
        at_start = sign.stat().st_mtime_ns
        until(lambda: redis.client.llen("celery") > 1 and sign.stat().st_mtime_ns > at_start)
        with redis.away():
            last = sign.stat().st_mtime_ns
            time.sleep(2)
            assert sign.stat().st_mtime_ns == last
