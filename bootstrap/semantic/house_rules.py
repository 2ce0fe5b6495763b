"""Writes docs/definitions.md: what the figures mean where they could mean something else, and what that is worth."""

from pathlib import Path

from psycopg2.extensions import cursor as Cursor
from pydantic import Field

from bootstrap.project import current
from bootstrap.semantic.document import Document
from bootstrap.semantic.spec import Spec
from bootstrap.templates import render


class HouseRule(Spec):
    """One question, its options and our choice. ``effect`` is text with the names of ``sql``'s columns in braces."""

    name: str
    question: str
    options: tuple[str, ...] = Field(min_length=2)
    choice: str
    why: str
    effect: str
    sql: str = Field(description="one row; difference is what the other choice would change in money")
    changes: str = Field(description="what that money is the money of")


def load_house_rules(folder: Path | None = None) -> list[HouseRule]:
    """The rules of ``views/house_rules.yml``, in its order. Raises ``SpecError`` for a wrong field."""
    return Document.read((folder or current().views) / "house_rules.yml").models(HouseRule)


def write_definitions(cursor: Cursor, path: Path) -> None:
    """Write the page from the mart and the warehouse that ``cursor`` reads."""
    path.write_text(definitions(cursor), encoding="utf-8")


def definitions(cursor: Cursor) -> str:
    """The page, as Markdown."""
    cursor.execute("select headline from mart.coverage")
    (headline,) = cursor.fetchone() or ("there are none yet.",)
    rules = [(rule, _effect(cursor, rule)) for rule in load_house_rules()]
    return render("definitions.md", headline=headline, rules=rules)


def _effect(cursor: Cursor, rule: HouseRule) -> str:
    cursor.execute(rule.sql)
    names = [column.name for column in cursor.description or ()]
    row = cursor.fetchone()
    if not row or None in row:
        return "Nothing in the data is affected."
    values = dict(zip(names, row, strict=True))
    moved = values["difference"]
    money = f"{moved:+,.2f} {current().currency} {rule.changes}" if moved else "no money"
    return f"{rule.effect.format(**values)} The other choice would change {money}."
