"""The worked examples of CONTRIBUTING.md, followed to the letter in a copy of the repository."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bootstrap.assets.client import Client
from bootstrap.settings import load_settings
from bootstrap.stack import connect, remove
from tests.conftest import REPOSITORY, free_port

PAGE = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLES = ("A metric", "A view", "A chart", "A source")
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "dist", "build", "source")
BLOCK = re.compile(r"^(?P<indent> *)```(?P<kind>\w+)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
PLACES = {
    "write": re.compile(r"Write\s+`([^`]+)`:\s*$"),
    "end": re.compile(r"Add\s+to\s+the\s+end\s+of\s+`([^`]+)`:\s*$"),
    "below": re.compile(r"Add\s+to\s+`([^`]+)`\s+below\s+the\s+line\s+`([^`]+)`:\s*$"),
    "above": re.compile(r"Add\s+to\s+`([^`]+)`\s+above\s+the\s+line\s+`([^`]+)`:\s*$"),
    "replace": re.compile(r"Replace\s+in\s+`([^`]+)`\s+the\s+line\s+`([^`]+)`\s+by:\s*$"),
}


@dataclass(frozen=True)
class Step:
    """A block of an example: commands to run, or a text and where it goes (its verb, the file, and a line of it)."""

    text: str
    place: tuple[str, str, str] | None

    def write(self, repository: Path) -> None:
        """Do what the page says with the text."""
        assert self.place
        verb, name, mark = self.place
        path = repository / name
        if verb == "write":
            assert not path.exists(), f"{name} is there already"
            path.write_text(self.text, encoding="utf-8")
            return
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        marked = [at for at, line in enumerate(lines) if line.strip().startswith(mark)]
        found = [len(lines)] if verb == "end" else marked
        assert len(found) == 1, f"{name} has {len(found)} lines that begin with {mark}"
        first, last = found[0] + (verb == "below"), found[0] + (verb in ("below", "replace"))
        gap = "\n\n" if verb == "end" and path.suffix == ".py" else ""
        path.write_text("".join([*lines[:first], gap, self.text, *lines[last:]]), encoding="utf-8")


def steps(example: str) -> Iterator[Step]:
    yield from blocks(PAGE.partition(f"\n## {example}\n")[2].partition("\n## ")[0])


def blocks(section: str) -> Iterator[Step]:
    """What a section has one run and write, in its order."""
    told = 0
    for block in BLOCK.finditer(section):
        before, told = section[told : block.start()], block.end()
        indent = block["indent"]
        text = "".join(line.removeprefix(indent) for line in block["text"].splitlines(keepends=True))
        found = [(verb, *match.groups(), "")[:3] for verb, place in PLACES.items() if (match := place.search(before))]
        assert bool(found) != (block["kind"] == "sh"), f"nobody can tell where this goes:\n{text}"
        yield Step(text, found[0] if found else None)


class Copy:
    """A copy of the repository in which the examples are followed, one after the other."""

    def __init__(self, folder: Path, server_url: str) -> None:
        self.folder = Path(shutil.copytree(REPOSITORY, folder, ignore=LEFT_OUT))
        for name in (".sqlfluff", ".yamllint.yml"):
            shutil.copy(REPOSITORY / name, folder)
        (folder / ".venv").symlink_to(sys.prefix)
        ports = {"LGS_SUPERSET_PORT": str(free_port()), "LGS_POSTGRES_PORT": str(free_port())}
        self.environment = {
            **os.environ,
            **ports,
            "LGS_HOME": str(folder / ".lgs"),
            "LGS_SOURCE": str(folder / "tests" / "data" / "small.sql"),
            "LGS_SUPERSET_WORKERS": "1",
            "LGS_TEST_POSTGRES_URL": server_url,
            "PYTHONPATH": str(folder),
        }

    def run(self, command: str) -> str:
        words = shlex.split(command)
        done = subprocess.run(words, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def write(self, example: str) -> None:
        for step in steps(example):
            if step.place:
                step.write(self.folder)

    def commands(self, example: str) -> list[str]:
        return [line for step in steps(example) if not step.place for line in step.text.splitlines()]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, server_url: str) -> Iterator[Copy]:
    copy = Copy(tmp_path_factory.mktemp("contributing") / "repository", server_url)
    for example in EXAMPLES:
        copy.write(example)
    yield copy
    remove(load_settings(home=copy.folder / ".lgs"))


def test_the_copy_is_what_runs_in_the_copy(copy: Copy) -> None:
    code = "import bootstrap, warehouse.sources as s; print(bootstrap.__file__, s.open_json_lines.__module__)"
    assert copy.run(f'.venv/bin/python -c "{code}"').split() == [
        str(copy.folder / "bootstrap" / "__init__.py"),
        "warehouse.sources.json_lines",
    ]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_works(copy: Copy, example: str) -> None:
    """All but what needs a site of its own: the commands are run in their order, and each ends well."""
    commands = [command for command in copy.commands(example) if not _needs_site(copy, example, command)]
    assert commands
    for command in commands:
        said = copy.run(command)
        assert " passed" in said or "All Finished" in said, said


def test_what_the_examples_write_is_clean(copy: Copy) -> None:
    names = sorted({step.place[1] for example in EXAMPLES for step in steps(example) if step.place})
    python, specs = ([name for name in names if name.endswith(ending)] for ending in (".py", ".yml"))
    copy.run(f".venv/bin/ruff check {' '.join(python)}")
    copy.run(f".venv/bin/ruff format --check {' '.join(python)}")
    copy.run(f".venv/bin/yamllint --strict -c .yamllint.yml {' '.join(name for name in specs if 'tests' not in name)}")


@pytest.mark.stack
def test_the_chart_is_published_and_the_pages_are_written(copy: Copy) -> None:
    for command in copy.commands("A chart"):
        copy.run(command)
    ports = {name: int(copy.environment[f"LGS_{name.upper()}"]) for name in ("superset_port", "postgres_port")}
    stack = connect(load_settings(home=copy.folder / ".lgs", **ports))
    superset = Client(stack.superset_url, stack.superset_username, stack.superset_password)
    assert "On which days of the week do we sell?" in {row["slice_name"] for row in superset.list("/api/v1/chart/")}
    assert "### On which days of the week do we sell?" in (copy.folder / "docs" / "questions.md").read_text("utf-8")
    assert "`lines_per_invoice`" in (copy.folder / "docs" / "metrics.md").read_text("utf-8")


def _needs_site(copy: Copy, example: str, command: str) -> bool:
    """Whether the command calls ``lgs``, or comes after one that does."""
    commands = copy.commands(example)
    return any(".venv/bin/lgs " in earlier for earlier in commands[: commands.index(command) + 1])
