"""The images of the server edition: from the pinned official ones, or from stand-ins where no registry is reached.

A stand-in is a Debian made with debootstrap, with that distribution's Python and Redis and the PostgreSQL of our own
embedded edition in it, under the user, folders, variables and commands of the official image. So the application image
and the compose file are the same in both cases; what differs is named by PYTHON_IMAGE, LGS_POSTGRES_IMAGE and
LGS_REDIS_IMAGE, and printed.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from engine import NoEngine, docker

REPOSITORY = Path(__file__).resolve().parents[2]
STANDINS = Path(__file__).with_name("standins")
DEBIAN, PYTHON, POSTGRES, REDIS = (f"lgs-standin/{name}" for name in ("debian", "python", "postgres", "redis"))
APPLICATION, WORKER = "lgs-bi", "lgs-bi-worker"
TAG = "test"
_PULL_SECONDS = 600


def prepare(say: Callable[[str], None]) -> dict[str, str]:
    """Build the application image and have all others. Gives the variables that the compose file needs for them."""
    pinned = _pinned()
    missing = [image for image in pinned if not _have(image)]
    if all(_pull(image) for image in missing):
        _build_application(None)
        say(f"images: the pinned official ones: {', '.join(image.partition('@')[0] for image in pinned)}")
        return {"LGS_VERSION": TAG}
    say("images: no registry is reached, so stand-ins made of Debian packages take the place of the official ones")
    _debian()
    say("images: a Debian is there")
    _standin(PYTHON)
    _build_application(PYTHON)
    say("images: the application is built")
    _standin(REDIS)
    _standin(POSTGRES, APPLICATION=f"{APPLICATION}:{TAG}")
    return {"LGS_VERSION": TAG, "LGS_POSTGRES_IMAGE": POSTGRES, "LGS_REDIS_IMAGE": REDIS}


def _pinned() -> list[str]:
    """The official images that the Dockerfile and the compose file name."""
    text = "".join((REPOSITORY / name).read_text() for name in ("Dockerfile", "docker-compose.yml"))
    return re.findall(r"[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}", text)


def _have(image: str) -> bool:
    return subprocess.run([docker(), "image", "inspect", image], capture_output=True).returncode == 0


def _pull(image: str) -> bool:
    command = [docker(), "pull", "--quiet", image]
    return subprocess.run(command, capture_output=True, timeout=_PULL_SECONDS).returncode == 0


def _debian() -> None:
    """A minimal Debian from the mirror that this machine itself uses."""
    if _have(DEBIAN):
        return
    if shutil.which("debootstrap") is None:
        _try("apt-get", "update")
        _try("apt-get", "install", "-y", "--no-install-recommends", "debootstrap")
    with tempfile.TemporaryDirectory(prefix="lgs-debian-") as folder:
        root = Path(folder) / "root"
        _try("debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", str(root), _mirror())
        with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as archive:
            subprocess.run([docker(), "import", "-", DEBIAN], stdin=archive.stdout, check=True, capture_output=True)


def _mirror() -> str:
    """The first Debian archive of the machine's own package sources."""
    source = r"^(?:URIs:|deb(?: \[.*?\])?)\s+(\S+/debian/?)(?=\s|$)"
    patterns = ("sources.list.d/*.sources", "sources.list.d/*.list", "sources.list")
    for path in (path for pattern in patterns for path in sorted(Path("/etc/apt").glob(pattern))):
        if found := re.search(source, path.read_text(), re.MULTILINE):
            return found[1]
    raise NoEngine("no registry is reached, and this machine's package sources name no Debian archive for stand-ins")


def _standin(image: str, **arguments: str) -> None:
    file = STANDINS / f"{image.rpartition('/')[2]}.Dockerfile"
    _build(image, STANDINS, file, BASE=DEBIAN, **arguments)


def _build_application(python: str | None) -> None:
    arguments = {"PYTHON_IMAGE": python} if python else {}
    for image, target in ((APPLICATION, "site"), (WORKER, "worker")):
        _build(f"{image}:{TAG}", REPOSITORY, REPOSITORY / "Dockerfile", target=target, **arguments)


def _build(image: str, context: Path, file: Path, *, target: str = "", **arguments: str) -> None:
    pairs = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    authorities = os.environ.get("SSL_CERT_FILE", "")
    secret = [f"--secret=id=ca,src={authorities}"] if Path(authorities).is_file() else []
    options = ["--quiet", "--network=host", f"--file={file}", f"--tag={image}", *secret, *pairs]
    if target:
        options.append(f"--target={target}")
    _run(docker(), "build", *options, str(context), env=os.environ | {"DOCKER_BUILDKIT": "1"})


def _try(*command: str) -> None:
    """A step whose failure says that this is no place for stand-ins, and nothing about the product."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise NoEngine(f"no registry is reached, and {' '.join(command)} failed: {done.stdout.strip()[-400:]}")


def _run(*command: str, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}")
