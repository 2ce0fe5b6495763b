"""What is new in the lines, and what is lopsided: neither is wrong by itself, and both deserve a look."""

from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor

_TYPES = {
    "cancellation": "cancellations",
    "adjustment": "adjustments",
    "write_off": "write-offs",
    "free": "free of charge",
}
_TYPES["fee"] = "fees, not goods"
_KINDS = """
    select
        regexp_replace(regexp_replace(stock_code, '[0-9]+', '9', 'g'), '[A-Z]+', 'A', 'g') as kind,
        min(stock_code) as example
    from warehouse.product
    where not is_known
    group by kind
"""


@dataclass(frozen=True)
class Kinds:
    """Countries that are not on the list, and kinds of codes (9 for digits, A for letters) with an example of each."""

    countries: frozenset[str]
    codes: dict[str, str]
    is_empty: bool

    @classmethod
    def read(cls, cursor: Cursor) -> "Kinds":
        """Those of the warehouse, through ``cursor``."""
        cursor.execute("select country from warehouse.country")
        countries = frozenset(country for (country,) in cursor.fetchall())
        cursor.execute(_KINDS)
        return cls(countries, dict(cursor.fetchall()), not countries)

    def since(self, before: "Kinds") -> list[str]:
        """What was not there before, in words; nothing for a first load but countries that are not on the list."""
        if before.is_empty:
            return []
        countries = [f"country {country}" for country in sorted(self.countries - before.countries)]
        codes = [f"codes like {self.codes[kind]}" for kind in sorted(self.codes.keys() - before.codes.keys())]
        return countries + codes


def warnings(cursor: Cursor) -> list[str]:
    """What is lopsided in the lines that are loaded."""
    cursor.execute("select line_type, count(*), sum(count(*)) over () from warehouse.line group by line_type")
    found = [
        f"{lines:,} of {total:,} lines are {_TYPES[kind]}: check that quantities and prices are in the right columns."
        for kind, lines, total in cursor.fetchall()
        if kind != "sale" and lines * 2 > total
    ]
    cursor.execute("select country from warehouse.country where not is_known order by country")
    unknown = [country for (country,) in cursor.fetchall()]
    if unknown:
        found.append(f"not on the list of countries, so without code and region: {', '.join(unknown[:10])}.")
    return found
