"""Derives customers, products, countries and the calendar from the lines."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg2.extensions import cursor as Cursor

from bootstrap.difference import write_difference
from bootstrap.lines import Changes
from warehouse.changes import find_changed_lines
from warehouse.countries import listed
from warehouse.opening import closed_days, opening
from warehouse.queries import query

_KEYS = {"customer": "customer_id", "product": "stock_code", "country": "country", "calendar": "date"}


def refresh_dimensions(cursor: Cursor, changed: str | None) -> dict[str, str | None]:
    """Bring the four dimension tables up to the lines, in the open transaction; the tables of the rows that changed.

    ``changed`` is the table of the lines that did, ``None`` where any may have. Only rows that differ are written, and
    readers keep the old ones until it is committed.
    """
    changes: dict[str, str | None] = {}
    for name, key in _KEYS.items():
        # Straight into the table it would run on one core.
        parts = _parts(name, key, changed)
        derive = f"create temporary table derived on commit drop as \n{query(name, **parts)}"
        cursor.execute(derive, _parameters(cursor, name))
        cursor.execute("analyze derived")
        is_part = changed and name == "customer"
        within = f"held.{key} in (select {key} from {changed})" if is_part else "true"
        if written := write_difference(cursor, f"warehouse.{name}", [key], "derived", within=within):
            changes[f"warehouse.{name}"] = written
        cursor.execute("drop table derived")
        if not changed:
            cursor.execute(f"analyze warehouse.{name}")
    return changes


def follow(cursor: Cursor, days: Sequence[date]) -> Changes | None:
    """Bring the dimension tables up to the lines of ``days``, none for all, and give the changed rows of all tables.

    ``None`` where so many lines changed that following them would not pay.
    """
    lines = find_changed_lines(cursor, days) if days else None
    changes = refresh_dimensions(cursor, lines)
    return {"warehouse.line": lines, **changes} if lines else None


def _parts(name: str, key: str, changed: str | None) -> dict[str, str]:
    """What of the lines is read: with ``changed``, those of the values that are in it."""
    if changed is None:
        return {"line": "warehouse.line", "others": "", "named": "select distinct country from warehouse.line"}
    values = f"select {key} from {changed}" if name != "calendar" else ""
    return {
        "line": f"(select * from warehouse.line where {key} in ({values}))",
        "others": f"union all select stock_code, name, is_product from warehouse.product where {key} not in ({values})",
        "named": f"select country from {changed} where is_new union select country from warehouse.country as held "
        f"where country not in (select country from {changed} where not is_new) "
        "or exists (select from warehouse.line where line.country = held.country)",
    }


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
