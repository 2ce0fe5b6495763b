"""Warehouses are loaded anew when the rules are others, and only then."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from warehouse import queries


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the rules that a test may change."""
    shutil.copytree(queries._FOLDER, tmp_path / "sql")
    shutil.copy(queries.COUNTRIES, tmp_path)
    monkeypatch.setattr(queries, "_FOLDER", tmp_path / "sql")
    monkeypatch.setattr(queries, "COUNTRIES", tmp_path / "countries.csv")
    yield tmp_path
    _forget()


def _forget() -> None:
    queries._text.cache_clear()
    queries.rules.cache_clear()


def rules() -> str:
    _forget()
    return queries.rules()


@pytest.mark.parametrize("name", ["countries.csv", "sql/classified.sql", "sql/product.sql"])
def test_another_country_or_statement_is_another_rule(files: Path, name: str) -> None:
    before, path = rules(), files / name
    path.write_text(path.read_text().replace("France", "Gaul").replace("is_product", "is_ware"))
    assert rules() != before


def test_remarks_and_blanks_are_no_rules(files: Path) -> None:
    before, path = rules(), files / "sql" / "classified.sql"
    path.write_text("-- Another remark.\n" + path.read_text().replace("    ", "  "))
    assert rules() == before
