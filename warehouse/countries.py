"""The countries of the list: one name for each, whatever a file calls it."""

import csv
from functools import cache

from psycopg2.extensions import cursor as Cursor

from warehouse.queries import COUNTRIES

_UNSPECIFIED = ("", "null", r"\n", "nan", "n/a", "#n/a", "none", "unknown", "unspecified")


@cache
def listed() -> list[dict[str, str]]:
    """The rows of ``countries.csv``: several names (``country``) have one ``name``, and one pair of ISO codes."""
    with COUNTRIES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def spellings() -> dict[str, str]:
    """The name of each country by each way to write it: its names, its ISO 3166-1 codes, in any case."""
    found = dict.fromkeys(_UNSPECIFIED, "Unspecified")
    for row in listed():
        for key in ("iso2", "iso3", "name", "country"):
            for text in {row[key], row[key].upper(), row[key].replace(".", "")} - {""}:
                found[_lower(text)] = row["name"]
    return found


def put_spellings(cursor: Cursor) -> None:
    """Put them beside the lines in landing while these are read: a temporary table would bar parallel plans."""
    found = spellings()
    cursor.execute(
        "create unlogged table landing.spelling as "
        "select * from unnest(%s::text[], %s::text[]) as s (spelling, country)",
        [list(found), list(found.values())],
    )
    cursor.execute("analyze landing.spelling")


def _lower(text: str) -> str:
    """As ``lower`` of the C collation, which leaves all but ASCII as it is."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
