"""A full disk loses nothing: a refresh looks first, says what happened where it fills later, and comes back."""

import io
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from rich.console import Console

from bootstrap import runs
from bootstrap import stack as stacks
from bootstrap.errors import CheckFailed
from bootstrap.progress import Progress
from bootstrap.project import current
from bootstrap.refresh import refresh
from bootstrap.semantic.loader import load_layer
from bootstrap.settings import Settings
from bootstrap.stack.disk import explain_full, require_room
from tests.conftest import SMALL_DUMP
from tests.refresh.shop import held
from tests.stack.places import quiet, settings_for
from warehouse.demo import write_demo

HOW = {"append": False, "plan": False, "allow_loss": True, "cascade": False}


@pytest.fixture
def disk(folder: Path) -> Iterator[Path]:
    """A file system of 400 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    place = folder / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m,mode=755", "tmpfs", place], capture_output=True)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.fixture
def settings(disk: Path) -> Iterator[Settings]:
    given = settings_for(disk / "home", disk_reserve=0)
    stacks.start(given, progress=quiet(), site=False)
    yield given
    stacks.remove(given)


def fill(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(2**20))
        except OSError:
            pass


class Filling(Progress):
    """Fills the disk when the first step of the refresh has ended, as another program may."""

    def __init__(self, disk: Path) -> None:
        super().__init__(Console(file=io.StringIO()))
        self.disk = disk

    def _end(self, *_: object) -> None:
        if not (self.disk / "ballast").exists():
            fill(self.disk)


def test_a_disk_that_fills_during_a_refresh_loses_nothing_and_one_command_recovers(
    settings: Settings, disk: Path, tmp_path: Path
) -> None:
    stack, layer = stacks.connect(settings), load_layer(current().views)
    refresh(stack.url("warehouse"), layer, source=SMALL_DUMP, max_rejects=0, progress=quiet())
    with closing(psycopg2.connect(stack.url("warehouse"))) as connection:
        before = held(connection, layer)
    source = tmp_path / "demo.sql"
    write_demo(source, lines=20_000)
    with pytest.raises(CheckFailed) as caught:
        runs.load(settings, Filling(disk), sources=[source], **HOW)
    said = str(caught.value)
    assert "No space left on device" in said or "its disk is full" in said
    assert "Nothing was changed" in said if "cannot go on" in said else "is not known" in said
    (disk / "ballast").unlink()
    stacks.start(settings, progress=quiet(), site=False)  # what lgs up begins with
    with closing(psycopg2.connect(stack.url("warehouse"))) as connection:
        assert held(connection, layer) == before


def test_a_refresh_looks_at_the_disk_first(settings: Settings, disk: Path, tmp_path: Path) -> None:
    source = tmp_path / "demo.sql"
    write_demo(source, lines=600_000)
    with pytest.raises(
        CheckFailed, match=r"has 0\.\d GB free; this refresh may need 0\.[4-9] GB, and 0 GB .*Make room"
    ):
        runs.load(settings, quiet(), sources=[source], **HOW)


def test_only_a_full_disk_explains_a_server_that_went_away(disk: Path) -> None:
    assert explain_full(disk, "closed") is None
    fill(disk)
    said = explain_full(disk, "closed")
    assert said is not None
    assert "Whether the refresh was committed is not known" in said
    assert "then run: lgs up" in said


def test_the_reserve_is_kept(tmp_path: Path) -> None:
    require_room(tmp_path, SMALL_DUMP, reserve=0)
    with pytest.raises(CheckFailed, match=r"999999 GB are to stay free \(LGS_DISK_RESERVE\)"):
        require_room(tmp_path, None, reserve=999999)
