"""Writes docs/relations.md: how the relations of the mart join, as an ER diagram and a table, from their twins."""

from pathlib import Path

from bootstrap.semantic.spec import Layer, Twin

_HEAD = """# How relations join

Written by `lgs docs` from `views/`. Primary keys are declared in PostgreSQL, and so are foreign keys from its version
18 on, so that tools can read them. The server does not enforce foreign keys; each refresh checks them.
A view can have neither; what it refers to is listed here all the same.

```mermaid
erDiagram
"""
_TABLE = """```

## Join guide

A join from a relation to what it refers to finds at most one row for each of its rows, so that no sum grows. Relations
that share a dimension without a reference are each grouped by it first, then joined.

| relation | grain | key | refers to |
|---|---|---|---|
"""


def write_relations(layer: Layer, path: Path) -> None:
    """Write the page."""
    path.write_text(relations(layer), encoding="utf-8")


def relations(layer: Layer) -> str:
    """The page, as Markdown, relations by name."""
    twins = sorted((twin for twin in layer.twins if twin.schema_name == "mart"), key=lambda twin: twin.name)
    joined = {
        name for twin in twins for target in twin.references.values() for name in (twin.name, target.split(".")[1])
    }
    entities = [_entity(twin) for twin in twins if twin.name in joined]
    picture = [*entities, *[line for twin in twins for line in _lines(twin)]]
    return _HEAD + "\n".join(picture) + "\n" + _TABLE + "\n".join(map(_row, twins)) + "\n"


def _entity(twin: Twin) -> str:
    """The key and what refers to others; a picture of all columns would show nothing."""
    marks = {column: ["PK"] for column in twin.key}
    for column in twin.references:
        marks.setdefault(column, []).append("FK")
    roles = {column.name: column.role for column in twin.columns}
    attributes = [f"        {roles[column]} {column} {', '.join(mark)}" for column, mark in marks.items()]
    return "\n".join([f"    {twin.name} {{", *attributes, "    }"])


def _lines(twin: Twin) -> list[str]:
    return [
        f"    {target.split('.')[1]} ||--o{'|' if twin.key == (column,) else '{'} {twin.name} : {column}"
        for column, target in twin.references.items()
    ]


def _row(twin: Twin) -> str:
    refers = "<br>".join(f"`{twin.name}.{column} = {target}`" for column, target in twin.references.items())
    key = ", ".join(f"`{column}`" for column in twin.key) or "none"
    return f"| `mart.{twin.name}` | {twin.grain} | {key} | {refers or 'nothing'} |"
