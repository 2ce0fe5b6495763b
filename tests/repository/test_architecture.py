"""The page on the architecture says what the imports are, and no import goes against the way of the data."""

import ast
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from bootstrap.project import current
from bootstrap.semantic.loader import load_layer
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = ("bootstrap", "warehouse")
CONFIG = "superset/superset_config.py"
Arrows = set[tuple[str, str]]


@dataclass(frozen=True)
class Room:
    """One row of the page's table. ``modules`` are files, patterns of files, or folders that end in a slash."""

    name: str
    modules: tuple[str, ...]
    imports: frozenset[str]

    def holds(self, file: str) -> bool:
        return any(
            file.startswith(item) if item.endswith("/") else PurePosixPath(file).match(item) for item in self.modules
        )


def rooms() -> list[Room]:
    table = PAGE.partition("## The rooms")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:2] == "| "]
    return [
        Room(name, tuple(re.findall(r"`([^`]+)`", modules)), frozenset(filter(None, imports.split(", "))))
        for name, modules, _, imports in rows[1:]
    ]


def room_of(file: str) -> str:
    (name,) = [room.name for room in rooms() if room.holds(file)] or [f"no room for {file}"]
    return name


def files(repository: Path) -> list[str]:
    paths = [path for package in PACKAGES for path in (repository / package).rglob("*.py")]
    return [*sorted(path.relative_to(repository).as_posix() for path in paths), CONFIG]


def imports(repository: Path) -> Iterator[tuple[str, str]]:
    """Each import between two files of ours, whether at the top of a file or within a function."""
    known = {file.removesuffix(".py").removesuffix("/__init__").replace("/", "."): file for file in files(repository)}
    for file in files(repository):
        for node in ast.walk(ast.parse((repository / file).read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{file}: imports name their room in full"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                while name and name not in known:
                    name = name.rpartition(".")[0]
                if name:
                    yield file, known[name]


def arrows() -> Arrows:
    """Who gives data to whom in the picture."""
    picture = PAGE.partition("```mermaid")[2].partition("```")[0]
    return set(re.findall(r"^ *(\w+) -->(?:\|[^|]+\|)? (\w+)$", picture, re.MULTILINE))


def behind(start: str, drawn: Arrows) -> set[str]:
    """All that the data of ``start`` comes to."""
    found: set[str] = set()
    ahead = {start}
    while ahead:
        ahead = {taker for giver, taker in drawn if giver in ahead} - found
        found |= ahead
    return found


def against_the_flow(repository: Path) -> list[str]:
    """The imports of a room that stands behind on the way of the data."""
    drawn = arrows()
    return [
        f"{file} imports {other}"
        for file, other in imports(repository)
        if room_of(other) in behind(room_of(file), drawn)
    ]


def test_every_module_is_in_one_room() -> None:
    homes = {file: [room.name for room in rooms() if room.holds(file)] for file in files(REPOSITORY)}
    assert {file: found for file, found in homes.items() if len(found) != 1} == {}


def test_the_table_names_exactly_the_imports_that_there_are() -> None:
    found: dict[str, set[str]] = {room.name: set() for room in rooms()}
    for file, other in imports(REPOSITORY):
        found[room_of(file)].add(room_of(other))
    assert {room.name: set(room.imports) for room in rooms()} == {name: of - {name} for name, of in found.items()}


def test_no_import_goes_against_the_way_of_the_data() -> None:
    assert against_the_flow(REPOSITORY) == []


@pytest.mark.parametrize(
    ("file", "statement"),
    [
        ("warehouse/load.py", "from bootstrap.semantic.build import build"),
        ("warehouse/sources/stream.py", "import warehouse.load"),
        ("bootstrap/semantic/build.py", "def f():\n    from bootstrap import assets"),
        ("warehouse/demo/shop.py", "from warehouse.sources import open_source"),
    ],
)
def test_an_import_against_it_is_found(tmp_path: Path, file: str, statement: str) -> None:
    for package in (*PACKAGES, "superset"):
        shutil.copytree(REPOSITORY / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / file).open("a", encoding="utf-8") as changed:
        changed.write(f"\n\n{statement}\n")
    (found,) = against_the_flow(tmp_path)
    assert found.startswith(f"{file} imports ")


def test_every_arrow_of_the_picture_is_real() -> None:
    """Who takes from a room imports it, unless SQL carries the data: the layer's relations read ``warehouse.*``."""
    names = {room.name for room in rooms()}
    between = {arrow for arrow in arrows() if names.issuperset(arrow)}
    imported = {(room_of(other), room_of(file)) for file, other in imports(REPOSITORY)}
    read = {name.partition(".")[0] for twin in load_layer(current().views).twins for name in twin.reads}
    assert "warehouse" in read
    assert between - imported == {("warehouse", "semantic")}


def test_the_transaction_of_the_picture_holds_the_rooms_that_refresh_connects() -> None:
    inside = re.search(r"subgraph refresh\[.*?\]\n(.*?)\n *end\n", PAGE, re.DOTALL)
    assert inside
    (refresh,) = [room for room in rooms() if room.name == "refresh"]
    of_the_shop = {"sources", "warehouse"}  # reached through bootstrap/lines.py alone
    assert set(re.findall(r"^ *(\w+)\[", inside[1], re.MULTILINE)) == (refresh.imports - {"ground"}) | of_the_shop


def test_every_place_that_the_page_names_is_there() -> None:
    places = {name for name in re.findall(r"`([\w./*]+)`", PAGE) if "/" in name and name != "bootstrap/_data"}
    assert len(places) > 20
    assert [place for place in sorted(places) if not any(REPOSITORY.glob(place))] == []
