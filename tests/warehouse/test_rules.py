"""Warehouses are reloaded when the rules are others, and only then."""

import shutil
from pathlib import Path

import pytest

from warehouse.queries import COUNTRIES, rules_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the rules that a test may change."""
    return Path(shutil.copytree(COUNTRIES.parent, tmp_path / "warehouse"))


@pytest.mark.parametrize("name", ["countries.csv", "sql/clean.sql", "sql/classified.sql", "sql/product.sql"])
def test_another_country_or_statement_is_another_rule(folder: Path, name: str) -> None:
    path = folder / name
    path.write_text(
        path.read_text().replace("France", "Gaul").replace("is_product", "is_ware").replace("upper", "lower")
    )
    assert rules_in(folder) != rules_in(COUNTRIES.parent)


def test_remarks_and_blanks_are_no_rules(folder: Path) -> None:
    path = folder / "sql" / "classified.sql"
    path.write_text("-- Another remark.\n" + path.read_text().replace("    ", "  "))
    assert rules_in(folder) == rules_in(COUNTRIES.parent)
