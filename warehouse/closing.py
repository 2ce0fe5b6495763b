"""Lets an administrator declare a month complete that the open days say is not, and take that back."""

from datetime import date

from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import UsageError


def close_month(cursor: Cursor, month: date) -> bool:
    """Note that ``month`` (its first day) is complete; false where that was noted before.

    Raises ``UsageError`` for a month without lines.
    """
    cursor.execute("select array_agg(month order by month) from warehouse.month")
    (held,) = cursor.fetchone() or (None,)
    if not held or month not in held:
        span = f"The data has {held[0]:%Y-%m} to {held[-1]:%Y-%m}" if held else "Nothing is loaded yet"
        raise UsageError(f"{month:%B %Y} has no lines, so it cannot be closed. {span}.")
    cursor.execute("insert into warehouse.closed_month (month) values (%s) on conflict do nothing", [month])
    return cursor.rowcount == 1


def reopen_month(cursor: Cursor, month: date) -> bool:
    """Take that back: the open days decide again. False where the month was not closed."""
    cursor.execute("delete from warehouse.closed_month where month = %s", [month])
    return cursor.rowcount == 1
