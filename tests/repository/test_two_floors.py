"""The engine has no word of the shop: those stand in warehouse/, views/, superset/ and shop.yml."""

import ast
import re

import pytest

from tests.conftest import REPOSITORY

SHOP = re.compile(
    r"invoice|customer(?!ror)|segment|rfm|cancell?ation|gift|\bpounds?\b|penn(y|ies)|stock.?code|gbp|£", re.IGNORECASE
)
EXCEPTIONS = {
    # the mark of databases that earlier versions made: with another, they would be refused
    "bootstrap/stack/metadata.py": ['return f"Metadata of the London Gift Shop BI, key {fingerprint}"'],
}


def packages(text: str) -> set[str]:
    """Those that the code imports, at its top or within a function."""
    names: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return {name.partition(".")[0] for name in names}


def words(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if SHOP.search(line)]


@pytest.mark.parametrize("kind", ["py", "yml", "txt", "sql", "json", "md", "hbs"])
def test_the_engine_has_no_word_of_the_shop(kind):
    found = {}
    for path in sorted((REPOSITORY / "bootstrap").rglob(f"*.{kind}")):
        name = path.relative_to(REPOSITORY).as_posix()
        said = [line for line in words(path.read_text(encoding="utf-8")) if line not in EXCEPTIONS.get(name, [])]
        if said and "_data" not in path.parts:
            found[name] = said
    assert found == {}


def test_the_engine_imports_nothing_of_the_shop():
    paths = (REPOSITORY / "bootstrap").rglob("*.py")
    assert [path.name for path in paths if "warehouse" in packages(path.read_text(encoding="utf-8"))] == []


def test_each_exception_is_still_needed():
    for name, lines in EXCEPTIONS.items():
        held = words((REPOSITORY / name).read_text(encoding="utf-8"))
        assert set(lines) <= set(held), name


@pytest.mark.parametrize(
    "line", ["class RfmScore:", "# the pounds of", '"stock-code"', "GiftShop()", "segment_moves", "£5"]
)
def test_a_word_of_the_shop_is_found(line):
    assert words(line) == [line]


@pytest.mark.parametrize("line", ["compound", "a project of its own", "canceled", "cancel_query"])
def test_other_words_are_not(line):
    assert words(line) == []
