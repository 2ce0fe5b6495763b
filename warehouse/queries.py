"""The SQL files of ``warehouse/sql``."""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from warehouse.opening import opening
from warehouse.rules import line_rules

_FOLDER = Path(__file__).parent
COUNTRIES = _FOLDER / "countries.csv"
_RULES = ("clean", "typed", "classified", "repeat", "line", "customer", "product", "country", "calendar")


def query(name: str, **parts: str) -> str:
    """The text of ``sql/<name>.sql`` with ``{parts}`` filled in, and what the shop says of its lines."""
    return filled_in(_text(name), parts | line_rules().parts())


def filled_in(text: str, parts: Mapping[str, str]) -> str:
    """``text`` with ``{parts}`` filled in."""
    for part, value in parts.items():
        text = text.replace("{" + part + "}", value.rstrip())
    return text


def rules() -> str:
    """Changes when what makes lines and dimensions changes, remarks and blanks aside; then all months load again."""
    said = (line_rules(), opening())
    return rules_in(_FOLDER, *(part.model_dump_json() for part in said))


@cache
def rules_in(folder: Path, *said: str) -> str:
    """The same for a copy of this package's folder, and of what the project says."""
    texts = [(folder / "sql" / f"{name}.sql").read_text(encoding="utf-8") for name in _RULES]
    statements = [" ".join(re.sub("--.*", "", text).split()) for text in texts]
    countries = (folder / COUNTRIES.relative_to(_FOLDER)).read_text(encoding="utf-8")
    return hashlib.sha256("\n".join([*statements, countries, *said]).encode()).hexdigest()[:16]


@cache
def _text(name: str) -> str:
    return (_FOLDER / "sql" / f"{name}.sql").read_text(encoding="utf-8")
