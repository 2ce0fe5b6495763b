"""The built wheel, installed where nothing else is, does everything from an empty folder."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import psycopg2
import pytest

import bootstrap
from bootstrap.settings import load_settings
from bootstrap.stack import remove
from tests.conftest import REPOSITORY, SMALL_DUMP, free_port

TRAVELS = {
    "bootstrap": "bootstrap",
    "warehouse": "warehouse",
    "superset": "bootstrap/_data/superset",
    "views": "bootstrap/_data/views",
}


def run(*command: object, cwd: Path = REPOSITORY, **environment: str) -> str:
    """Standard output; a failure shows everything that was said. Nothing of this checkout's settings is passed on."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("LGS_", "PYTHON", "VIRTUAL_"))}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=bare | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the pinned dependencies and the wheel, and nothing that knows of the checkout."""
    folder, uv = tmp_path_factory.mktemp("environment"), Path(sys.executable).with_name("uv")
    run(uv, "venv", "--quiet", "--python", sys.executable, "--allow-existing", folder)
    install = (uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python")
    run(*install, "--require-hashes", "-r", REPOSITORY / "requirements.txt")
    run(*install, "--no-deps", wheel)
    return folder


@dataclass(frozen=True)
class Installed:
    """The ``lgs`` of that environment, called in an empty folder that also holds its state."""

    folder: Path
    command: Path
    ports: dict[str, str]

    def lgs(self, *arguments: object) -> str:
        return run(self.command, *arguments, cwd=self.folder, LGS_SUPERSET_WORKERS="1", **self.ports)


@pytest.fixture(scope="module")
def installed(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("empty")
    ports = {"LGS_SUPERSET_PORT": str(free_port()), "LGS_POSTGRES_PORT": str(free_port())}
    yield Installed(folder, environment / "bin" / "lgs", ports)
    remove(load_settings(home=folder / ".lgs"))


def test_the_wheel_holds_every_file_of_ours_and_no_other(wheel: Path) -> None:
    held = {
        f"{inside}/{path.relative_to(REPOSITORY / room).as_posix()}": path.read_bytes()
        for room, inside in TRAVELS.items()
        for path in (REPOSITORY / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    } | {"bootstrap/_data/shop.yml": (REPOSITORY / "shop.yml").read_bytes()}
    with zipfile.ZipFile(wheel) as archive:
        found = {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}
    assert sorted(found) == sorted(held)
    assert found == held


def test_the_version_stands_in_one_place(wheel: Path) -> None:
    assert wheel.name.split("-")[1] == bootstrap.__version__


def test_nothing_of_ours_lands_in_the_superset_package(environment: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        top = {name.split("/")[0] for name in archive.namelist()}
    assert top == {"bootstrap", "warehouse", f"lgs_bi-{bootstrap.__version__}.dist-info"}
    where = "import importlib.util; print(importlib.util.find_spec('superset').origin)"
    package = Path(run(environment / "bin" / "python", "-c", where, cwd=environment).strip()).parent
    assert package.is_relative_to(environment)
    assert not (package / "charts" / "monthly_sales.yml").exists()


def test_a_project_of_its_own_needs_no_checkout(environment: Path, tmp_path: Path) -> None:
    lgs = environment / "bin" / "lgs"
    run(lgs, "init", "velo", "--currency", "CHF", cwd=tmp_path)
    assert sorted(path.name for path in (tmp_path / "velo").iterdir()) == ["shop.yml", "superset", "views"]
    where = "from bootstrap.project import current; print(current().name, current().currency)"
    asked = run(environment / "bin" / "python", "-c", where, cwd=tmp_path, LGS_PROJECT="velo")
    assert asked.strip() == "Velo CHF"


@pytest.mark.stack
def test_lgs_up_works_in_an_empty_folder(installed: Installed) -> None:
    """Eighteen lines of the small dump, worth 611.10 pounds: the sum with cancellations, guests and postage."""
    done = installed.lgs("up", "--source", SMALL_DUMP)
    assert "charts answer" in done
    with closing(psycopg2.connect(installed.lgs("url", "reader").strip())) as connection, connection.cursor() as cursor:
        cursor.execute("select sum(lines), sum(sales) from mart.monthly_metrics")
        assert cursor.fetchone() == (18, Decimal("611.10"))
    again = installed.lgs("up", "--source", SMALL_DUMP)
    assert "Data: nothing to do" in again
    assert "Superset: nothing to do" in again
    assert [path.name for path in installed.folder.iterdir()] == [".lgs"]
    assert "stopped" in installed.lgs("down")
