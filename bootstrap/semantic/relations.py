"""Writes docs/relations.md: how the relations of the mart join, as an ER diagram and a table, from their twins."""

from pathlib import Path

from bootstrap.semantic.reference import of_the_mart
from bootstrap.semantic.spec import Layer, Twin
from bootstrap.templates import render


def write_relations(layer: Layer, path: Path) -> None:
    """Write the page."""
    path.write_text(relations(layer), encoding="utf-8")


def relations(layer: Layer) -> str:
    """The page, as Markdown, relations by name."""
    twins = of_the_mart(layer)
    targets = {target.split(".")[1] for twin in twins for target in twin.references.values()}
    joined = [twin for twin in twins if twin.references or twin.name in targets]
    return render("relations.md", twins=twins, joined=joined, marks=_marks)


def _marks(twin: Twin) -> dict[str, list[str]]:
    """The key and what refers to others; a picture of all columns would show nothing."""
    marks = {column: ["PK"] for column in twin.key}
    for column in twin.references:
        marks.setdefault(column, []).append("FK")
    return marks
