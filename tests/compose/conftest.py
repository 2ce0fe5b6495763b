"""The server edition under Compose, as one project of its own that is taken away at the end."""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import aiosmtpd
import public
import pytest
import requests

from tests.conftest import REPOSITORY, free_port

MAIL = "mail"
SERVICES = ("postgres", "redis", "web", "worker", "beat")
SECRETS = ("SECRET_KEY", "ADMIN_PASSWORD", "POSTGRES_PASSWORD", "METADATA_PASSWORD", "REDIS_PASSWORD")


@dataclass
class Server:
    """One Compose project. ``variables`` are what an administrator writes into .env."""

    compose_command: list[str]
    docker_command: str
    project: str
    variables: dict[str, str] = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.variables['LGS_PORT']}"

    def compose(self, *arguments: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run Compose on the project; what it printed is in ``stdout``."""
        command = [*self.compose_command, "--project-name", self.project, "--file", "docker-compose.yml", *arguments]
        environment = os.environ | self.variables | variables
        done = subprocess.run(
            command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-6000:]}")
        return done

    def docker(self, *arguments: str) -> str:
        command = [self.docker_command, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def up(self, **variables: str) -> None:
        """Start all that keeps running, and wait until each says that it is well."""
        self.compose("up", "--detach", "--no-build", "web", "worker", "beat", **variables)
        for service in SERVICES:
            self.wait_healthy(service)

    def bootstrap(self, *command: str) -> str:
        """Run the one-shot job."""
        return self.compose("run", "--rm", "-T", "bootstrap", *command).stdout

    def send(self, file: Path, target: str) -> None:
        """Put a file into the job's volume."""
        with file.open("rb") as stream:
            self._job("sh", "-c", f"cat > {target}", stdin=stream, stdout=subprocess.DEVNULL)

    def fetch(self, source: str, file: Path) -> None:
        """Take a file out of the job's volume."""
        with file.open("wb") as stream:
            self._job("cat", source, stdout=stream)

    def _job(self, *command: str, **streams: Any) -> None:
        project = [*self.compose_command, "--project-name", self.project, "--file", "docker-compose.yml"]
        whole = [*project, "run", "--rm", "-T", "bootstrap", *command]
        environment = os.environ | self.variables
        subprocess.run(whole, cwd=REPOSITORY, env=environment, check=True, stderr=subprocess.DEVNULL, **streams)

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine says of a service's container."""
        described: dict[str, Any] = json.loads(self.docker("inspect", self.container(service)))[0]
        return described

    def container(self, service: str) -> str:
        """The id of a service's container; asked of the engine, which answers ten times as fast as Compose."""
        labels = {"project": self.project, "service": service, "oneoff": "False"}
        filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
        return self.docker("ps", "--all", "--quiet", *filters)

    def wait_healthy(self, service: str, *, started_after: str = "", seconds: float = 240) -> dict[str, Any]:
        """Wait until the container is well, and was started after the given moment of the engine's clock."""
        return until(
            lambda: self.inspect(service),
            lambda it: it["State"]["StartedAt"] > started_after and it["State"]["Health"]["Status"] == "healthy",
            seconds=seconds,
            what=f"{service} is not well",
        )

    def kill(self, service: str) -> None:
        """End a container's first process as a crash would; what ``docker kill`` ends is not started again."""
        before = self.inspect(service)
        pid, started = before["State"]["Pid"], before["State"]["StartedAt"]
        image = before["Image"]
        host = ["--pid=host", "--cap-add=KILL", "--user=0", "--entrypoint=sh"]
        self.docker("run", "--rm", *host, image, "-c", f"kill -9 {pid}")
        self.wait_healthy(service, started_after=started)

    def query(self, sql: str, database: str = "lgs") -> str:
        """What the database answers to its superuser."""
        script = 'PGPASSWORD=$POSTGRES_PASSWORD exec psql -h 127.0.0.1 -U postgres -d "$1" -AtX -c "$2"'
        return self.docker("exec", self.container("postgres"), "sh", "-c", script, "sh", database, sql)

    def passwords(self) -> dict[str, str]:
        """The generated passwords, out of the job's volume."""
        lines = self.bootstrap("cat", "/var/lib/lgs/credentials.env").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def login(self, username: str, password: str) -> "Visitor":
        return Visitor(self.url, username, password)


@dataclass
class Embedded:
    """An embedded edition on this machine, with a small dump."""

    home: Path

    @cached_property
    def _variables(self) -> dict[str, str]:
        ports = {f"LGS_{name}_PORT": str(free_port()) for name in ("SUPERSET", "POSTGRES")}
        source = REPOSITORY / "tests" / "data" / "small.sql"
        return ports | {"LGS_HOME": str(self.home), "LGS_SOURCE": str(source), "LGS_SUPERSET_WORKERS": "1"}

    def login(self, username: str) -> "Visitor":
        secrets = (self.home / "credentials.env").read_text()
        password = secrets.partition(f"SUPERSET_{username.upper()}=")[2].partition("\n")[0]
        return Visitor(f"http://127.0.0.1:{self._variables['LGS_SUPERSET_PORT']}", username, password)

    def lgs(self, *arguments: str, **variables: str) -> str:
        """What the command prints."""
        command = [sys.executable, "-m", "bootstrap", *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LGS_")}
        environment |= self._variables | variables
        done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@dataclass
class Visitor:
    """Somebody who uses Superset's API."""

    url: str
    username: str
    password: str = field(repr=False)

    @cached_property
    def session(self) -> requests.Session:
        session = requests.Session()
        body = {"username": self.username, "password": self.password, "provider": "db"}
        answer = session.post(f"{self.url}/api/v1/security/login", json=body, timeout=60)
        assert answer.ok, answer.text
        session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        session.headers["Referer"] = self.url
        page = session.get(f"{self.url}/login/", timeout=60).text
        token = re.search(r'name="csrf_token"\s+id="csrf_token"\s+value="([^"]+)"', page)
        assert token, "the page carries no token against forged requests"
        session.headers["X-CSRFToken"] = token[1]
        return session

    def get(self, path: str, **parameters: str) -> Any:
        answer = self.session.get(f"{self.url}{path}", params=parameters, timeout=90)
        assert answer.ok, f"GET {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def put(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.session.put(f"{self.url}{path}", json=body, timeout=90)
        assert answer.ok, f"PUT {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.session.post(f"{self.url}{path}", json=body, timeout=90)
        assert answer.ok, f"POST {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()


def until(look: Callable[[], Any], good: Callable[[Any], bool], *, seconds: float, what: str) -> Any:
    """Look again each second until it is good."""
    deadline = time.monotonic() + seconds
    while not good(seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} after {seconds:.0f} s: {json.dumps(seen, default=str)[-3000:]}")
        time.sleep(1)
    return seen


@pytest.fixture
def mailbox(server: Server, tmp_path: Path) -> Iterator[Path]:
    """The folder of a mail server that stands beside the services under the name that they were given."""
    folder, name = tmp_path / "mails", f"{server.project}-{MAIL}"
    folder.mkdir()
    folder.chmod(0o777)
    packages = [Path(str(module.__file__)).parent for module in (aiosmtpd, public)]
    mounts = [f"--volume={path}:/sink/{path.name}:ro" for path in (*packages, REPOSITORY / "tests" / "mail.py")]
    network = [f"--network={server.project}_inside", f"--network-alias={MAIL}", "--env=PYTHONPATH=/sink"]
    image = server.inspect("web")["Image"]
    command = ["python", "/sink/mail.py", "0.0.0.0", server.variables["LGS_SMTP_PORT"], "/mails"]
    server.docker("run", "--detach", f"--name={name}", *network, *mounts, f"--volume={folder}:/mails", image, *command)
    try:
        yield folder
    finally:
        server.docker("rm", "--force", name)


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Embedded]:
    edition = Embedded(tmp_path / "home")
    yield edition
    edition.lgs("down")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The project with good secrets; nothing of it runs yet."""
    if "LGS_TEST_COMPOSE" not in os.environ:
        pytest.skip("the server edition is tried on a Docker engine by make compose-test")
    variables = {f"LGS_{name}": secrets.token_urlsafe(32) for name in SECRETS}
    variables |= {"LGS_SMTP_HOST": MAIL, "LGS_SMTP_PORT": "2525", "LGS_SMTP_SECURITY": "none"}
    variables["LGS_SMTP_FROM"] = "bi@londongiftshop.example"
    variables["LGS_PORT"] = os.environ.get("LGS_TEST_PORT") or str(free_port())
    project = f"lgs-test-{secrets.token_hex(3)}"
    server = Server(os.environ["LGS_TEST_COMPOSE"].split(), os.environ["LGS_TEST_DOCKER"], project, variables)
    try:
        yield server
    finally:
        server.compose("down", "--volumes", "--remove-orphans", "--timeout", "20")
