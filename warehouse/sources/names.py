"""Reads names, column lists and types out of SQL text, as far as dumps use them."""

import re

# Nowhere may two patterns share one run of blanks: to try each way of sharing a MiB of them takes hours.
_NAME = r'(?:"(?:[^"]|"")+"|[^\s".,();]+)'
_TABLE = rf"({_NAME}(?:\s*\.\s*{_NAME})?)"
_COPY = re.compile(rf"\s*copy\s+{_TABLE}(?:\s*\(([^)]*)\))?\s+from\s+stdin(.*)", re.IGNORECASE | re.DOTALL)
_INSERT = re.compile(
    rf"\s*insert\s+into\s+(?:only\s+)?{_TABLE}(?:\s*\(([^)]*)\))?\s*(?:overriding\s+\w+\s+value\s+)?values\s*$",
    re.IGNORECASE | re.DOTALL,
)
_CREATE = re.compile(
    rf"\s*create\s+(?:unlogged\s+|foreign\s+)?table\s+(?:if\s+not\s+exists\s+)?{_TABLE}\s*\((.*)\)",
    re.IGNORECASE | re.DOTALL,
)
_TOP_COMMA = re.compile(r""""(?:[^"]|"")*"|'(?:[^']|'')*'|\([^()]*(?:\([^()]*\)[^()]*)*\)|,""")
_CONSTRAINTS = ("constraint", "primary", "unique", "check", "foreign", "exclude", "like")


def copy_head(text: str) -> tuple[str, list[str], str] | None:
    """Table, columns (none when left out) and options of ``COPY ... FROM stdin``."""
    found = _COPY.match(text)
    return None if found is None else (table(found[1]), columns(found[2]), found[3].strip().removesuffix(";").strip())


def insert_head(text: str) -> tuple[str, list[str]] | None:
    """Table and columns (none when left out) of ``INSERT INTO ... VALUES``."""
    found = _INSERT.match(text)
    return None if found is None else (table(found[1]), columns(found[2]))


def create_head(text: str) -> tuple[str, dict[str, str]] | None:
    """Table, and type by column, of ``CREATE TABLE``."""
    found = _CREATE.match(text)
    if found is None:
        return None
    parts = [part.strip() for part in _split(found[2])]
    pairs = [re.match(rf"({_NAME})\s+(.*)", part, re.DOTALL) for part in parts]
    kept = [pair for pair in pairs if pair and pair[1].lower() not in _CONSTRAINTS]
    return table(found[1]), {unquoted(pair[1]): pair[2].lower() for pair in kept}


def table(text: str) -> str:
    """``"public" . "retail"`` as ``public.retail``."""
    return ".".join(unquoted(part) for part in re.findall(_NAME, text))


def columns(text: str | None) -> list[str]:
    return [unquoted(name) for name in re.findall(_NAME, text or "")]


def unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _split(text: str) -> list[str]:
    parts, start = [], 0
    for found in _TOP_COMMA.finditer(text):
        if found.group() == ",":
            parts.append(text[start : found.start()])
            start = found.end()
    return [*parts, text[start:]]
