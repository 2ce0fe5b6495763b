"""One word, one meaning: the glossary is in order, its terms are in use, and retired words do not come back."""

import re

import pytest

from tests.conftest import REPOSITORY

GLOSSARY = REPOSITORY / "docs" / "glossary.md"
TERMS = re.findall(r"^\| (?!term|-)([a-z ]+) \| .+ \|$", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
RETIRED = {
    "anew": "again",
    "by hand": "manually",
    "for want of": "because there is no",
    "handed-over": "source file",
    "hand-over": "source file",
    "invented": "synthetic",
    "lest": "so that ... not",
    "mend": "fix",
    "mended": "fixed",
    "worked queries": "example queries",
}
FOLDERS = ("benchmarks", "bootstrap", "docs", "superset", "tests", "views", "warehouse")
SPOKEN = (".py", ".md", ".yml", ".sql", ".css", ".hbs", "Makefile", "Dockerfile")


def texts() -> dict[str, str]:
    """Every file of the repository that a person reads, but for those that must name the words."""
    paths = [*REPOSITORY.glob("*"), *(path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*"))]
    spoken = [path for path in paths if path.name.endswith(SPOKEN) and path.name != "test_glossary.py"]
    return {path.relative_to(REPOSITORY).as_posix(): path.read_text(encoding="utf-8") for path in spoken}


def test_each_term_is_defined_once_in_alphabetical_order() -> None:
    assert len(TERMS) > 20
    assert sorted(set(TERMS)) == TERMS


@pytest.mark.parametrize("term", TERMS)
def test_a_term_of_the_glossary_is_in_use(term: str) -> None:
    pattern = re.compile(rf"\b{term}s?\b", re.IGNORECASE)
    assert any(pattern.search(text) for name, text in texts().items() if name != "docs/glossary.md")


@pytest.mark.parametrize("word", RETIRED)
def test_a_retired_word_does_not_come_back(word: str) -> None:
    pattern = re.compile(rf"\b{word}\b", re.IGNORECASE)
    found = [
        f"{name}:{number}: write {RETIRED[word]!r} for {word!r}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []
