"""What docs/watch.md shows can be run: its commands, its units, and the service of the server edition."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from bootstrap.cli import app
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "watch.md").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


UNITS = dict(zip(re.findall(r"/etc/systemd/system/([\w-]+\.service)", PAGE), blocks("ini"), strict=True))


def parse(words: list[str]) -> str:
    """The name of the command of lgs; typer refuses options that it does not have."""
    commands = get_command(app).commands  # type: ignore[attr-defined]
    commands[words[0]].make_context(words[0], words[1:])
    return words[0]


def test_its_commands_are_commands_of_lgs() -> None:
    found = re.findall(r"^lgs (.+)$", "\n".join(blocks("sh")), re.MULTILINE)
    assert [parse(shlex.split(words)) for words in found] == ["watch"]


def test_each_option_that_it_names_is_one_of_the_command() -> None:
    options = set(re.findall(r"--[a-z][a-z-]+", PAGE.partition("| option |")[2].partition("\n\n")[0]))
    known = {option for parameter in get_command(app).commands["watch"].params for option in parameter.opts}  # type: ignore[attr-defined]
    assert options == {option for option in known if option.startswith("--")} - {"--help"}


def test_each_unit_runs_a_command_of_lgs() -> None:
    ran = re.findall(r"^Exec(?:Start|Stop)=/srv/lgs/\.venv/bin/lgs (.+)$", "\n".join(UNITS.values()), re.MULTILINE)
    assert [parse(shlex.split(words)) for words in ran] == ["up", "down", "watch"]


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd on this machine")
    program = tmp_path / "lgs"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name, text in UNITS.items():
        (tmp_path / name).write_text(text.replace("/srv/lgs/.venv/bin/lgs", str(program)))
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "lgs" in line]) == (0, [])


def test_the_server_edition_watches_a_folder_that_it_may_write_to() -> None:
    service = COMPOSE["services"]["watch"]
    assert service["profiles"] == ["watch"]
    assert parse(service["command"][1:]) == "watch"
    assert [volume for volume in service["volumes"] if volume.endswith(":/inbox")] == [
        "${LGS_WATCH_FOLDER:-./inbox}:/inbox"
    ]
    assert service["environment"].keys() - COMPOSE["services"]["bootstrap"]["environment"].keys() == {"LGS_WATCH_POLL"}
