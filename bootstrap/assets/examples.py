"""The worked examples for analysts: small questions with the SQL that answers them."""

from pathlib import Path

from bootstrap.semantic.document import Document
from bootstrap.semantic.spec import Spec
from bootstrap.templates import render


class Example(Spec):
    """One example. ``about`` says what to know or to change."""

    name: str
    label: str
    about: str
    sql: str


def load_examples(folder: Path) -> list[Example]:
    """The examples of ``superset/examples.yml``, in its order. Raises ``SpecError`` for a wrong field."""
    return Document.read(folder / "examples.yml").models(Example)


def write_examples(folder: Path, path: Path) -> None:
    """Write the page of the examples in ``folder`` (``superset/``)."""
    path.write_text(example_page(load_examples(folder)), encoding="utf-8")


def example_page(examples: list[Example]) -> str:
    """The page, as Markdown."""
    return render("examples.md", examples=examples)
