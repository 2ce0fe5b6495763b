"""Derives customers, products, countries and the calendar from the lines."""

from typing import Any

from psycopg2.extensions import cursor as Cursor

from warehouse.countries import listed
from warehouse.opening import closed_days, opening
from warehouse.queries import query


def refresh_dimensions(cursor: Cursor) -> None:
    """Rebuild the four dimension tables, in the open transaction. Readers keep the old rows until it is committed."""
    for name in ("customer", "product", "country", "calendar"):
        # Straight into the table it would run on one core.
        derive = f"create temporary table derived on commit drop as \n{query(name)}"
        cursor.execute(derive, _parameters(cursor, name))
        cursor.execute(f"delete from warehouse.{name}; insert into warehouse.{name} select * from derived")
        cursor.execute(f"drop table derived; analyze warehouse.{name}")


def _parameters(cursor: Cursor, name: str) -> dict[str, Any] | None:
    if name == "country":
        return _countries()
    return _calendar(cursor) if name == "calendar" else None


def _calendar(cursor: Cursor) -> dict[str, Any]:
    cursor.execute("select min(month), (max(month) + interval '1 month - 1 day')::date from warehouse.day")
    first, last = cursor.fetchone() or (None, None)
    closed = closed_days(first, last) if first else {}
    return {
        "date": list(closed),
        "reason": list(closed.values()),
        "last_orders_from": opening().last_orders_from.isoformat(),
    }


def _countries() -> dict[str, list[str]]:
    return {column: [row[column] for row in listed()] for column in ("name", "iso2", "iso3", "region")}
