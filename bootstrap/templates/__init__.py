"""The text of generated pages, and of the cards of key figures, as Jinja templates beside this file.

Braces are left to Handlebars and Mermaid: a value is in ``[[ ]]``, a block in ``[% %]``.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def render(name: str, **values: Any) -> str:
    """The template of that name with these values, ending in one line break."""
    return _environment().get_template(name).render(values).rstrip("\n") + "\n"


def code(names: Iterable[str]) -> str:
    """In Markdown, separated by commas."""
    return ", ".join(f"`{name}`" for name in names)


@cache
def _environment() -> Environment:
    environment = Environment(
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        loader=FileSystemLoader(Path(__file__).parent),
    )
    environment.filters["code"] = code
    return environment
