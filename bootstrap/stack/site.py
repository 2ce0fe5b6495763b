"""The embedded Superset: gunicorn on 127.0.0.1, its files in ``superset/`` of the state folder."""

import hashlib
import http.client
import importlib.metadata
import os
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

import bootstrap
from bootstrap.lists import list_files
from bootstrap.project import current, own_folder
from bootstrap.stack import processes

_CONFIG = own_folder() / "superset" / "superset_config.py"
PORT_SETTING = "LGS_SUPERSET_PORT"
_START_SECONDS = 300.0  # the first start migrates the metadata
_STOP_SECONDS = 20.0
_PASSED_ON = ("LGS_REDIS_URL", "LGS_SUPERSET_HTTPS")
_KEPT_OUT = ("LGS_", "SUPERSET", "GUNICORN_CMD_ARGS", "FLASK_", "PYTHON", "PG", "COVERAGE")


@dataclass(frozen=True)
class Launch:
    """What Superset is started with. Another launch means another fingerprint, and a restart."""

    metadata_url: str
    secret_key: str
    admin_password: str
    workers: int = 2

    @property
    def stamp(self) -> str:
        """What the metadata must have been prepared for: Superset's version and its configuration."""
        configuration = _CONFIG.read_bytes()
        return f"{importlib.metadata.version('apache-superset')} {hashlib.sha256(configuration).hexdigest()[:16]}"

    def environment(self, *, folder: Path, port: int) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name in _PASSED_ON or not name.upper().startswith(_KEPT_OUT)
        }
        return inherited | {
            "SUPERSET_CONFIG_PATH": str(_CONFIG),
            "LGS_PROJECT": str(current().folder),
            "LGS_CURRENCY": current().currency,
            "LGS_TIME_ZONE": current().time_zone,
            "SUPERSET_HOME": str(folder),
            "LGS_SECRET_KEY": self.secret_key,
            "LGS_METADATA_URL": self.metadata_url,
            "LGS_METADATA_STAMP": self.stamp,
            "LGS_ADMIN_PASSWORD": self.admin_password,
            "LGS_CACHE_DIR": str(folder / "cache"),
            "LGS_SUPERSET_PORT": str(port),
            "LGS_SUPERSET_WORKERS": str(self.workers),
        }

    def fingerprint(self, *, folder: Path, port: int) -> str:
        environment = self.environment(folder=folder, port=port)
        ours = sorted(item for item in environment.items() if item[0].startswith(("LGS_", "SUPERSET")))
        digest = hashlib.sha256(f"{bootstrap.__version__} {self.workers} {ours}".encode())
        for path in _configuration():
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


def _configuration() -> list[Path]:
    """Superset's configuration, the files beside it that it names, and our own modules that run inside of it."""
    text, project = _CONFIG.read_text(encoding="utf-8"), current()
    named = sorted(path for path in project.superset.iterdir() if f'"{path.name}"' in text and path.is_file())
    inside = sorted((Path(bootstrap.__file__).parent / "server").glob("*.py"))
    return [_CONFIG, project.file, *list_files(project.views), *named, *inside]


class EmbeddedSuperset:
    """One site: its files in ``folder``, listening on 127.0.0.1:``port``."""

    def __init__(self, folder: Path, port: int, *, log: Path) -> None:
        self.folder, self.port, self.log = folder.resolve(), port, log
        self.url = f"http://{processes.HOST}:{port}"
        self._pid_file = self.folder / "gunicorn.pid"
        self._place, self._bind = ("--chdir", str(self.folder)), ("--bind", f"{processes.HOST}:{port}")

    def process(self) -> psutil.Process | None:
        """gunicorn's master, if it runs. Workers that outlive it for a moment do not count.

        gunicorn writes its number down once Superset is loaded; before that it has no workers.
        """
        family = self._family()
        if not self._pid_file.exists():
            return family[0] if family else None
        return next((process for process in family if str(process.pid) == self._pid_file.read_text().strip()), None)

    def running(self) -> bool:
        """Whether our own process runs and answers on the port."""
        process = self.process()
        return process in self._family(*self._bind) and self._answers()

    def start(self, launch: Launch) -> bool:
        """Start it without waiting for it. ``False`` when it runs already, just so.

        Raises ``UsageError`` when the port is taken.
        """
        self.require_port()
        process, name = self.process(), f"lgs-{launch.fingerprint(folder=self.folder, port=self.port)}"
        if process is not None and name in process.cmdline() and self._lives(process):
            return False
        self.stop()
        (self.folder / "cache").mkdir(mode=0o700, parents=True, exist_ok=True)
        environment = launch.environment(folder=self.folder, port=self.port)
        processes.detach(self._command(name, launch.workers), log=self.log, cwd=self.folder, env=environment)
        return True

    def require_port(self) -> None:
        """Raise ``UsageError`` when the port is taken by something else."""
        if not self._family(*self._bind):
            processes.require_free(self.port, setting=PORT_SETTING)

    def wait(self) -> None:
        """Wait until it answers. Raises ``CheckFailed`` with the end of the log when it does not."""
        processes.await_answer(self._answers, self.process(), name="Superset", log=self.log, seconds=_START_SECONDS)

    def stop(self) -> bool:
        """Stop it and wait. ``False`` when nothing ran."""
        process = self.process()
        if process is not None:
            processes.end([process], seconds=_STOP_SECONDS)
        processes.end(self._family(), seconds=2)
        self._pid_file.unlink(missing_ok=True)
        return process is not None

    def _family(self, *more: str) -> list[psutil.Process]:
        """The processes whose command line holds its folder, and behind it these arguments."""
        line = "\0".join(["", *self._place, *more, ""])
        return processes.find(lambda process: line in "\0".join(["", *process.cmdline(), ""]))

    def _command(self, name: str, workers: int) -> list[str]:
        options = ["--config", "python:bootstrap.server.gunicorn_conf", "--name", name, "--workers", str(workers)]
        application = "bootstrap.server.web:create_app()"
        where = [*self._place, *self._bind, "--pid", str(self._pid_file)]
        return [sys.executable, "-m", "gunicorn", *where, *options, application]

    def _lives(self, process: psutil.Process) -> bool:
        """Whether it answers, or is young enough to be starting still."""
        return self._answers() or time.time() - process.create_time() < _START_SECONDS

    def _answers(self) -> bool:
        with (
            suppress(OSError, http.client.HTTPException),
            closing(http.client.HTTPConnection(processes.HOST, self.port, timeout=10)) as connection,
        ):
            connection.request("GET", "/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        return False
