"""The Docker engine that the tests use: the one that answers, or one started for them and taken away again.

Starting one takes a Debian machine, root, and a kernel that lets an engine run. It gets its own socket and data folder,
so that no other engine of the machine is touched.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PACKAGES = {"dockerd": "docker.io", "docker-compose": "docker-compose", "iptables": "iptables"}
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0


class NoEngine(Exception):
    """No engine answers and none can be started here; the message says why."""


def docker() -> str:
    """A client that builds with BuildKit: one with the buildx plug-in, or one old enough to have it inside."""
    for command in (shutil.which("docker"), "/usr/bin/docker"):
        if command and Path(command).exists() and (_runs(command, "buildx", "version") or _major(command) < 23):
            return command
    raise NoEngine("there is no docker client that can build with BuildKit")


def compose() -> list[str]:
    """The command of Compose, as a plug-in or by itself."""
    if _runs(docker(), "compose", "version"):
        return [docker(), "compose"]
    if command := shutil.which("docker-compose"):
        return [command]
    raise NoEngine("there is no docker compose")


@contextmanager
def engine() -> Iterator[None]:
    """An engine under DOCKER_HOST. Raises ``NoEngine`` where there is none to be had."""
    if _answers():
        yield
        return
    _require_means()
    _install()
    with tempfile.TemporaryDirectory(prefix="lgs-engine-", ignore_cleanup_errors=True) as folder:
        home = Path(os.environ.get("LGS_ENGINE_HOME", folder))
        with _firewall_kept(), _running(home):
            yield


def _answers() -> bool:
    try:
        return _runs(docker(), "version")
    except NoEngine:
        return False


def _require_means() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NoEngine("no engine answers at DOCKER_HOST, and only root on Linux can start one")
    if any(shutil.which(command) is None for command in PACKAGES) and shutil.which("apt-get") is None:
        raise NoEngine("no engine answers at DOCKER_HOST, none is installed, and there is no apt-get to install it")


def _install() -> None:
    missing = [package for command, package in PACKAGES.items() if shutil.which(command) is None]
    if not missing:
        return
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "capture_output": True, "text": True}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run(command, **quiet)
        if done.returncode:
            raise NoEngine(f"{' '.join(command)} failed: {done.stderr.strip()[-400:]}")


@contextmanager
def _running(home: Path) -> Iterator[None]:
    """dockerd with all its files in ``home``, and DOCKER_HOST set to it."""
    home.mkdir(parents=True, exist_ok=True)
    host, log = f"unix://{home}/docker.sock", home / "dockerd.log"
    folders = ["--data-root", f"{home}/data", "--exec-root", f"{home}/exec", "--pidfile", f"{home}/docker.pid"]
    with log.open("ab") as output:
        process = subprocess.Popen(["dockerd", "--host", host, *folders], stdout=output, stderr=output)
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = host
    try:
        _wait(process, log)
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        process.kill()
        os.environ.pop("DOCKER_HOST")
        if before is not None:
            os.environ["DOCKER_HOST"] = before


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise NoEngine(f"dockerd does not start here: {log.read_text(errors='replace').strip()[-600:]}")
        time.sleep(0.5)


@contextmanager
def _firewall_kept() -> Iterator[None]:
    """Put the packet filter back as it was: an engine leaves its rules and its bridge behind."""
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True)
    bridge = Path("/sys/class/net/docker0").exists()
    try:
        yield
    finally:
        if rules.returncode == 0:
            subprocess.run(["iptables-restore"], input=rules.stdout, text=True, check=True)
        if not bridge and shutil.which("ip"):
            subprocess.run(["ip", "link", "delete", "docker0"], capture_output=True)


def _runs(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=60).returncode == 0


def _major(command: str) -> int:
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    return int(done.stdout.split("version ")[1].split(".")[0])
