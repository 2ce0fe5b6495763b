"""Derives customers, products, countries and the calendar from the lines."""

from psycopg2.extensions import cursor as Cursor

from warehouse.countries import listed
from warehouse.queries import query


def refresh_dimensions(cursor: Cursor) -> None:
    """Make the four dimension tables anew, in the open transaction. Readers keep the old rows until it is committed."""
    for name in ("customer", "product", "country", "calendar"):
        # Straight into the table it would run on one core.
        derive = f"create temporary table derived on commit drop as \n{query(name)}"
        cursor.execute(derive, _countries() if name == "country" else None)
        cursor.execute(f"delete from warehouse.{name}; insert into warehouse.{name} select * from derived")
        cursor.execute(f"drop table derived; analyze warehouse.{name}")


def _countries() -> dict[str, list[str]]:
    return {column: [row[column] for row in listed()] for column in ("name", "iso2", "iso3", "region")}
