"""The server edition without containers: Redis, web, worker and a mail server, on the databases of the shop."""

import os
import shlex
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import requests
from celery import Celery
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bootstrap.assets import Published, Site, publish
from bootstrap.assets.client import Client
from bootstrap.project import current
from bootstrap.runs import site_of
from bootstrap.semantic.loader import load_layer
from bootstrap.server.browser import VARIABLE
from tests.assets.conftest import silent
from tests.conftest import REPOSITORY, Shop, free_port
from tests.mail import Sink
from tests.processes import Redis, program, redis_in, running, until

MAIL_USER = "bi"


@dataclass
class Edition:
    """A site that sends reports. ``mails`` is the folder in which they arrive."""

    shop: Shop
    folder: Path
    environment: dict[str, str]
    redis: Redis

    @property
    def mails(self) -> Path:
        return self.folder / "mails"

    @property
    def url(self) -> str:
        return self.environment["LGS_SUPERSET_URL"]

    @cached_property
    def site(self) -> Site:
        return replace(site_of(self.shop.stack), url=self.url)

    @cached_property
    def admin(self) -> Client:
        return Client(self.site.url, self.site.username, self.site.password)

    def publish(self, specs: Path | None = None, **options: bool) -> Published:
        layer = load_layer(current().views)
        return publish(self.site, layer, specs=specs or current().superset, progress=silent(), **options)

    def reports(self) -> dict[str, dict[str, Any]]:
        """What Superset holds, by title."""
        rows = self.admin.list("/api/v1/report/")
        return {row["name"]: self.admin.get(f"/api/v1/report/{row['id']}")["result"] for row in rows}

    def run(self, title: str, *, seconds: float = 240) -> dict[str, Any]:
        """Have the worker send a report now, as the schedule does; gives the report as it is afterwards."""
        before = self.reports()[title]
        queue = Celery(broker=self.environment["LGS_REDIS_URL"])
        queue.send_task("reports.execute", args=[before["id"]], eta=datetime.now(UTC))
        deadline = time.monotonic() + seconds
        while (after := self.reports()[title])["last_state"] == "Working" or (
            after["last_eval_dttm"] == before["last_eval_dttm"]
        ):
            assert time.monotonic() < deadline, (self.folder / "worker.log").read_text()[-4000:]
            time.sleep(0.5)
        return after


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the mail server of the tests")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    certificate, secret = folder / "mail.pem", folder / "mail.key"
    certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return certificate, secret


@contextmanager
def _mail_server(folder: Path, *, password: str) -> Iterator[dict[str, str]]:
    """A mail server that wants TLS and a password. Gives the settings that name it."""
    certificate, key = _certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    port = free_port()

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        from aiosmtpd.smtp import AuthResult

        return AuthResult(success=(data.login.decode(), data.password.decode()) == (MAIL_USER, password), handled=False)

    (folder / "mails").mkdir()
    options = {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": authenticate}
    sink = Sink(folder / "mails", "127.0.0.1", port, **options)
    sink.start()
    yield {
        "LGS_SMTP_HOST": "127.0.0.1",
        "LGS_SMTP_PORT": str(port),
        "LGS_SMTP_USERNAME": MAIL_USER,
        "LGS_SMTP_PASSWORD": password,
        "LGS_SMTP_FROM": "bi@londongiftshop.example",
        "SSL_CERT_FILE": str(certificate),
    }
    sink.stop()


@pytest.fixture(scope="session")
def edition(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edition]:
    chromium = Path(program("chromium", "chromium-headless-shell", "google-chrome", package="chromium"))
    folder, stack = tmp_path_factory.mktemp("server edition"), shop.stack
    port = free_port()
    # In a process of its own: Playwright bears no second one beside it.
    linking = [sys.executable, "-m", "bootstrap.server.browser", chromium, folder / "browsers"]
    subprocess.run(linking, cwd=REPOSITORY, check=True)
    web = [sys.executable, "-m", "bootstrap.server.containers", "web"]
    celery = [sys.executable, "-m", "celery", "--app=superset.tasks.celery_app:app"]
    with redis_in(folder) as redis, _mail_server(folder, password=redis.password) as mail:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LGS_")} | {
            **mail,
            VARIABLE: str(folder / "browsers"),
            "SUPERSET_CONFIG_PATH": str(current().superset / "superset_config.py"),
            "SUPERSET_HOME": str(folder),
            "LGS_CACHE_DIR": str(folder),
            "LGS_SECRET_KEY": stack.credentials.superset_secret_key.get_secret_value(),
            "LGS_ADMIN_PASSWORD": stack.superset_password,
            "LGS_METADATA_URL": stack.metadata.url,
            "LGS_REDIS_URL": redis.url,
            "LGS_SUPERSET_PORT": str(port),
            "LGS_SUPERSET_URL": f"http://127.0.0.1:{port}",
            "LGS_PUBLIC_URL": "https://bi.londongiftshop.example/",
            "LGS_SUPERSET_HTTPS": "1",  # as behind a proxy; the browser of the worker comes without one
            "LGS_SUPERSET_WORKERS": "1",
            "GUNICORN_CMD_ARGS": shlex.join(["--access-logfile", str(folder / "access.log")]),
        }
        logs = folder / "web.log", folder / "worker.log"
        worker = [*celery, "worker", "--concurrency=1", "--loglevel=INFO"]
        with (
            running(*web, log=logs[0], environment=environment),
            running(*worker, log=logs[1], environment=environment),
        ):
            made = Edition(shop, folder, environment, redis)
            until(lambda: answers(f"{made.url}/ready"), log=logs[0], seconds=180)
            until(lambda: " ready." in logs[1].read_text(), log=logs[1], seconds=180)
            yield made
            for report in made.reports().values():
                made.admin.delete(f"/api/v1/report/{report['id']}")


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A copy of superset/ that a test may change."""
    return Path(shutil.copytree(current().superset, tmp_path / "specs"))
