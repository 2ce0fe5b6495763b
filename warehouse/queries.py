"""The SQL files of ``warehouse/sql``."""

import hashlib
import re
from functools import cache
from pathlib import Path

COUNTRIES = Path(__file__).with_name("countries.csv")
_FOLDER = Path(__file__).with_name("sql")
_RULES = ("typed", "classified", "repeat", "line", "customer", "product", "country", "calendar")


def query(name: str, **parts: str) -> str:
    """The text of ``sql/<name>.sql`` with ``{parts}`` filled in."""
    text = _text(name)
    for part, value in parts.items():
        text = text.replace("{" + part + "}", value.rstrip())
    return text


@cache
def rules() -> str:
    """Changes when what makes lines and dimensions changes, remarks and blanks aside: then all months load anew."""
    statements = [" ".join(re.sub("--.*", "", _text(name)).split()) for name in _RULES]
    return hashlib.sha256("\n".join([*statements, COUNTRIES.read_text(encoding="utf-8")]).encode()).hexdigest()[:16]


@cache
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
