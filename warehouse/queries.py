"""The SQL files of ``warehouse/sql``."""

import hashlib
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("sql")


def query(name: str, **parts: str) -> str:
    """The text of ``sql/<name>.sql`` with ``{parts}`` filled in."""
    text = _text(name)
    for part, value in parts.items():
        text = text.replace("{" + part + "}", value.rstrip())
    return text


@cache
def rules() -> str:
    """Changes when the rules that make lines change: then every month is loaded anew."""
    texts = "".join(_text(name) for name in ("typed", "classified", "repeat", "line"))
    return hashlib.sha256(texts.encode()).hexdigest()[:16]


@cache
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
