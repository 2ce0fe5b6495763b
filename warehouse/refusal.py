"""What of a file is refused, rejected or passed over: all that keeps its lines from being compared."""

from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import SourceError
from warehouse.rules import Status, line_rules
from warehouse.sources import Source

_ADVICE = {
    "spreadsheet has shortened": "Export the file again without opening it in a spreadsheet, or format the column as "
    "text. ",
    "as spreadsheets keep dates": "Format the column as a date in the spreadsheet, then save the file again. ",
    "customer id is no whole number": "A customer is a whole number from 1 up, and empty for guests: C-1001 is not "
    "read. ",
    "customer id is out of range": "A customer is a whole number from 1 up, and empty for guests; a map may say "
    "no_customer: ['0']. ",
}


def refuse_other_currencies(cursor: Cursor, source: Source) -> None:
    """Raises ``SourceError`` for prices in landing that are in others than the shop's currency."""
    if "currency" not in source.columns:
        return
    cursor.execute(
        "select upper(btrim(currency)) as currency, count(*) as lines from landing.line where btrim(currency) <> '' "
        "group by upper(btrim(currency)) order by lines desc"
    )
    others = [(name, lines) for name, lines in cursor.fetchall() if name != source.how.currency]
    if others:
        shown = ", ".join(f"{name} on {lines:,} {'line' if lines == 1 else 'lines'}" for name, lines in others[:5])
        raise SourceError(
            f"prices are in other currencies than the shop's {source.how.currency}: {shown}. Convert them first; if "
            "all are in one currency, and the shop's, name it: currency in shop.yml or in a map.",
            path=source.path,
        )


def statuses() -> Status:
    """What the shop says of the statuses of lines; nothing for one without."""
    return line_rules().status or Status(column="")


def pass_over(cursor: Cursor, source: Source) -> None:
    """Take the lines out that never came to be, by their status, and account for them."""
    left_out = statuses().left_out
    if "status" not in source.columns or not left_out:
        return
    cursor.execute(
        "with gone as (delete from landing.line where lower(btrim(status)) = any(%s) returning status) "
        "select lower(btrim(status)), count(*) from gone group by lower(btrim(status)) order by 1",
        [list(left_out)],
    )
    for status, lines in cursor.fetchall():
        source.account.pass_over(f"lines with the status {status}", lines)


def refuse_rejects(cursor: Cursor, source: Source, max_rejects: float) -> None:
    """Raises ``SourceError`` when more than this share of the lines was rejected, 0 to 1."""
    rejected, read = count_rejects(cursor), source.account.lines_read
    count = sum(rejected.values())
    if count > max_rejects * read:
        reasons = "; ".join(f"{lines:,} {'line' if lines == 1 else 'lines'}: {why}" for why, lines in rejected.items())
        advice = next((text for mark, text in _ADVICE.items() if mark in next(iter(rejected))), "")
        cursor.execute("select line_number, text from landing.reject order by reject_id limit 1")
        number, text = cursor.fetchone() or (0, "")
        raise SourceError(
            f"{count:,} of {read:,} lines were rejected; at most {max_rejects:.2%} may be: "
            f"{reasons}. The first is line {number}: {text[:200]!r}. "
            f"{advice}Correct the file, or allow more with --max-rejects.",
            path=source.path,
        )


def count_rejects(cursor: Cursor, load_id: int = 1) -> dict[str, int]:
    """The rejected lines of a file in landing, by reason, the most frequent first."""
    cursor.execute(
        "select reason, count(*) from landing.reject where load_id = %s group by reason order by count(*) desc, reason",
        [load_id],
    )
    return dict(cursor.fetchall())
