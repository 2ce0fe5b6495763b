"""The parts of the server edition as plain processes: what its containers run, beside a real Redis."""

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import redis
import requests

from bootstrap.settings import data_folder
from bootstrap.stack.caches import ForgivingRedisCache
from bootstrap.stack.postgres import EmbeddedPostgres
from tests.conftest import REPOSITORY, free_port
from tests.stack.places import open_folder

pytestmark = pytest.mark.stack
NAMES = ("SECRET_KEY", "ADMIN_PASSWORD", "METADATA_PASSWORD", "POSTGRES_PASSWORD", "REDIS_PASSWORD")
SECRETS = {f"LGS_{name}": secrets.token_urlsafe(32) for name in NAMES}
CELERY = """
from celery import Celery

app = Celery(broker="{url}")
app.conf.beat_schedule = {{"often": {{"task": "often", "schedule": 0.3}}}}
app.conf.broker_transport_options = {{"socket_connect_timeout": 1}}
app.conf.task_publish_retry = False
"""


def until(found: Callable[[], object], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.1)


@contextmanager
def running(*command: str, log: Path, **environment: str) -> Iterator[psutil.Process]:
    """A process in the background, ended as a container's is."""
    with log.open("ab") as output:
        process = psutil.Popen(command, cwd=REPOSITORY, env=os.environ | environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(20) in (0, -15), log.read_text()[-2000:]


@dataclass
class Redis:
    """A real Redis server, which may go and come back."""

    program: str
    folder: Path
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"redis://:{SECRETS['LGS_REDIS_PASSWORD']}@127.0.0.1:{self.port}/0"

    @property
    def client(self) -> "redis.Redis[bytes]":
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", str(self.folder)]
        options += ["--requirepass", SECRETS["LGS_REDIS_PASSWORD"], "--logfile", "redis.log"]
        self.process = psutil.Popen([self.program, *options])
        until(self._answers, seconds=10)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    @contextmanager
    def away(self) -> Iterator[None]:
        self.stop()
        yield
        self.start()

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Redis]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no redis-server; Debian's package of that name has it")
    server = Redis(program, place)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def postgres(place: Path) -> Iterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(place / "postgres", free_port(), SECRETS["LGS_POSTGRES_PASSWORD"])
    postgres.start()
    yield postgres
    postgres.remove()


@dataclass(frozen=True)
class Part:
    """Runs one part of the server edition with what Compose would tell it."""

    environment: dict[str, str]

    def __call__(self, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "bootstrap.stack.server", *arguments]
        environment = os.environ | self.environment | more
        return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def part(place: Path, postgres: EmbeddedPostgres, server: Redis) -> Part:
    metadata = f"lgs_superset:{SECRETS['LGS_METADATA_PASSWORD']}@127.0.0.1:{postgres.port}/superset"
    return Part(
        SECRETS
        | {
            "LGS_HOME": str(place / "home"),
            "LGS_WAREHOUSE_URL": postgres.url(),
            "LGS_METADATA_URL": f"postgresql://{metadata}",
            "LGS_REDIS_URL": server.url,
            "LGS_CACHE_DIR": str(place / "cache"),
            "LGS_SUPERSET_PORT": str(free_port()),
            "LGS_SUPERSET_WORKERS": "1",
            "SUPERSET_CONFIG_PATH": str(data_folder("superset") / "superset_config.py"),
            "SUPERSET_HOME": str(place / "superset"),
        }
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_weak_secret_is_refused_by_name(part: Part, name: str) -> None:
    done = part("databases", **{f"LGS_{name}": "admin"})
    assert done.returncode == 2
    assert f"LGS_{name}" in done.stderr
    assert ".env.example" in done.stderr


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


@pytest.fixture(scope="module")
def site(part: Part, place: Path) -> Iterator[str]:
    """Superset as the web container serves it: its address."""
    for _ in range(2):
        assert part("databases").stdout == "✓ Superset's metadata database is there\n"
    url = f"http://127.0.0.1:{part.environment['LGS_SUPERSET_PORT']}"
    with running(sys.executable, "-m", "bootstrap.stack.server", "web", log=place / "web.log", **part.environment):
        until(lambda: _ready(url), seconds=180)
        yield url


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/ready", timeout=10).text == "OK"
    except requests.ConnectionError:
        return False


def _login(url: str, password: str) -> int:
    body = {"username": "admin", "password": password, "provider": "db"}
    return requests.post(f"{url}/api/v1/security/login", json=body, timeout=60).status_code


def test_guesses_at_a_password_are_counted_in_redis_and_the_site_does_without_it(site: str, server: Redis) -> None:
    assert _login(site, SECRETS["LGS_ADMIN_PASSWORD"]) == 200
    assert {_login(site, "a guess") for _ in range(35)} == {401, 429}
    assert server.client.keys("LIMIT*")
    with server.away():
        assert _ready(site)
        assert _login(site, SECRETS["LGS_ADMIN_PASSWORD"]) == 200


@pytest.mark.usefixtures("site")
def test_a_worker_logs_no_error_for_a_task(part: Part, place: Path) -> None:
    log, program = place / "worker.log", str(Path(sys.executable).with_name("celery"))
    celery = [program, "--app=superset.tasks.celery_app:app"]
    with running(*celery, "worker", "--concurrency=1", "--loglevel=INFO", log=log, **part.environment):
        until(lambda: " ready." in log.read_text(), seconds=90)
        sent = [*celery, "call", "reports.scheduler"]
        subprocess.run(sent, cwd=REPOSITORY, env=os.environ | part.environment, check=True, capture_output=True)
        until(lambda: " succeeded in " in log.read_text())
    assert "Traceback" not in log.read_text()


def test_a_cache_forgives_that_redis_is_away(server: Redis) -> None:
    cache = ForgivingRedisCache(host=server.client, key_prefix="lgs_", default_timeout=60)
    assert cache.set("one", 1)
    assert cache.add("two", 2)
    assert cache.set_many({"three": 3}) == ["three"]
    assert (cache.get("one"), cache.get_many("one", "two", "none"), cache.has("two")) == (1, [1, 2, None], True)
    assert server.client.keys("lgs_*")
    assert cache.delete("one")
    assert cache.delete_many("two") == ["two"]
    with server.away():
        assert (cache.get("three"), cache.get_many("three", "two"), cache.has("three")) == (None, [None, None], False)
        assert (cache.set("one", 1), cache.add("one", 1), cache.set_many({"one": 1})) == (False, False, [])
        assert (cache.delete("one"), cache.delete_many("one"), cache.unlink("one")) == (False, [], 0)


def test_beat_gives_a_sign_of_life_only_while_it_can_send(server: Redis, tmp_path: Path) -> None:
    (tmp_path / "shop_tasks.py").write_text(CELERY.format(url=server.url))
    sign = tmp_path / "beat-sent"
    beat = [str(Path(sys.executable).with_name("celery")), "--app=shop_tasks", "beat", f"--schedule={tmp_path}/beat"]
    beat += ["--scheduler=bootstrap.stack.beat.Scheduler", "--pidfile="]
    with running(*beat, log=tmp_path / "beat.log", PYTHONPATH=f"{tmp_path}{os.pathsep}{REPOSITORY}"):
        until(sign.exists)
        at_start = sign.stat().st_mtime_ns
        until(lambda: server.client.llen("celery") > 1 and sign.stat().st_mtime_ns > at_start)
        with server.away():
            last = sign.stat().st_mtime_ns
            time.sleep(2)
            assert sign.stat().st_mtime_ns == last
