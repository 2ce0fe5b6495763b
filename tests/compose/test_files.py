"""What can be said of the server edition's files without an engine."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap import __version__

REPOSITORY = Path(__file__).resolve().parents[2]
COMPOSE = (REPOSITORY / "docker-compose.yml").read_text()
EXAMPLE = (REPOSITORY / ".env.example").read_text()
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<rest>[^}]*)\}")


def _services() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
    return services


def _secrets() -> set[str]:
    return {found["name"] for found in VARIABLE.finditer(COMPOSE) if found["rest"].startswith(":?")}


def test_every_image_of_others_is_pinned_by_digest() -> None:
    named = re.findall(r"(?:IMAGE=|IMAGE:-)([^}\s]+)", COMPOSE + (REPOSITORY / "Dockerfile").read_text())
    assert len(named) == 3
    assert all(re.fullmatch(r"\w+:[\w.-]+@sha256:[0-9a-f]{64}", image) for image in named)


def test_our_image_carries_the_version_of_the_package() -> None:
    assert {service["image"] for service in _services().values() if "lgs-bi" in service["image"]} == {
        f"{name}:${{LGS_VERSION:-{__version__}}}" for name in ("lgs-bi", "lgs-bi-worker")
    }


def test_the_example_names_every_secret_and_gives_it_no_value() -> None:
    assert len(_secrets()) == 5
    assert _secrets() == set(re.findall(r"^(LGS_\w+)=$", EXAMPLE, re.MULTILINE))


def test_every_setting_of_the_compose_file_is_in_the_example_or_the_docs() -> None:
    told = EXAMPLE + (REPOSITORY / "docs" / "server.md").read_text()
    untold = {found["name"] for found in VARIABLE.finditer(COMPOSE)} - set(re.findall(r"\bLGS_\w+", told))
    assert untold == {"LGS_VERSION"}


@pytest.mark.parametrize("name", sorted(_services()))
def test_every_service_is_confined(name: str) -> None:
    service = _services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert {"mem_limit", "pids_limit", "logging"} <= service.keys()
    assert ("ports" in service) == (name == "web")


def test_the_limits_fit_the_machine() -> None:
    units = {"m": 1 / 1024, "g": 1.0}
    limits = [service["mem_limit"] for service in _services().values()]
    assert sum(int(limit[:-1]) * units[limit[-1]] for limit in limits) <= 24


def test_all_that_the_wheel_is_made_of_goes_into_the_image() -> None:
    wheel = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    taken = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert [name for name in (*wheel["packages"], *wheel["force-include"]) if f"!{name}" not in taken] == []
