"""The lines that went and came with a load, so that what follows from others need not be computed again."""

from collections.abc import Sequence
from datetime import date

from psycopg2.extensions import cursor as Cursor

from bootstrap.lines import MonthLines
from warehouse.queries import query

TABLE = "changed_warehouse_line"
_COLUMNS = (
    "customer_key, invoice_no, stock_code, description, quantity, invoice_at, unit_price, amount, customer_id, "
    "country, month, line_type, is_product, is_overlap, is_duplicate, hash"
)
_FEW, _MOST = 10_000, 0.2
"""With more lines changed than a few, and a larger share of all, computing everything is as fast."""


def days_of(days: Sequence[date]) -> dict[str, list[date]]:
    """Days, and their months, as parameters of statements."""
    return {"days": list(days), "months": sorted({day.replace(day=1) for day in days})}


def find_changed_lines(cursor: Cursor, days: Sequence[date]) -> str | None:
    """The name of the table of the lines that changed on ``days``; ``None`` where these are many.

    What was there before is in the newest change in ``warehouse_before``, what is there now in ``warehouse``.
    """
    cursor.execute("select sum(lines), sum(lines) filter (where day = any(%s)) from warehouse.day", [list(days)])
    total, of_days = cursor.fetchone() or (0, 0)
    if (of_days or 0) > max(_FEW, _MOST * int(total or 0)):
        return None
    cursor.execute(f"drop table if exists pg_temp.{TABLE}")
    cursor.execute("select max(change_id) from warehouse_before.change")
    (change,) = cursor.fetchone() or (0,)
    cursor.execute(query("changed_line", columns=_COLUMNS), {**days_of(days), "change": change})
    cursor.execute(f"analyze {TABLE}")
    return TABLE


def compared(cursor: Cursor, days: Sequence[date]) -> list[MonthLines]:
    """What the newest change, of these days, did to the lines of each month."""
    cursor.execute(query("compared"), days_of(days))
    return [MonthLines(*row) for row in cursor.fetchall()]


def narrow_parts() -> dict[str, str]:
    """SQL of the lines and days that such a change reaches, for contracts."""
    days = f"select invoice_at::date from {TABLE}"
    return {
        "line": f"(select * from warehouse.line where month in (select month from {TABLE}) "
        f"and invoice_at::date in ({days}))",
        "day": f"(select * from warehouse.day where day in ({days}))",
    }
