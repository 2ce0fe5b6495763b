"""The SQL files of ``warehouse/sql``."""

import hashlib
import re
from functools import cache
from pathlib import Path

from warehouse.opening import DAYS

_FOLDER = Path(__file__).parent
COUNTRIES = _FOLDER / "countries.csv"
_RULES = ("clean", "typed", "classified", "repeat", "line", "customer", "product", "country", "calendar")


def query(name: str, **parts: str) -> str:
    """The text of ``sql/<name>.sql`` with ``{parts}`` filled in."""
    text = _text(name)
    for part, value in parts.items():
        text = text.replace("{" + part + "}", value.rstrip())
    return text


@cache
def rules() -> str:
    """Changes when what makes lines and dimensions changes, remarks and blanks aside; then all months load again."""
    return rules_in(_FOLDER)


def rules_in(folder: Path) -> str:
    """The same for a copy of this package's folder."""
    texts = [(folder / "sql" / f"{name}.sql").read_text(encoding="utf-8") for name in _RULES]
    statements = [" ".join(re.sub("--.*", "", text).split()) for text in texts]
    lists = [(folder / path.relative_to(_FOLDER)).read_text(encoding="utf-8") for path in (COUNTRIES, DAYS)]
    return hashlib.sha256("\n".join([*statements, *lists]).encode()).hexdigest()[:16]


@cache
def _text(name: str) -> str:
    return (_FOLDER / "sql" / f"{name}.sql").read_text(encoding="utf-8")
