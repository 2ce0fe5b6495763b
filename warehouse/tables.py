"""The tables of ``landing`` and ``warehouse``, as Alembic compares them with the database.

``landing`` is the newest file as read, and those added to it since: text, one row per line, plus the lines that could
not become transactions.
``warehouse`` is typed and classified. ``warehouse_before`` is what the newest changes of lines replaced, and
``landing_before`` the files that were added and taken out again. A landing that a file of everything replaced is kept
whole in a schema of its own, such as ``landing_before_7``. Every large table carries ``customer_key`` in its primary
key, so that it can be spread over several machines.
"""

import re

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

SCHEMAS = ("landing", "warehouse", "landing_before", "warehouse_before")

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(constraint_name)s",
    }
)


def _required(name: str, kind: type, comment: str) -> Column:
    return Column(name, kind, nullable=False, comment=comment)


def _optional(name: str, kind: type, comment: str) -> Column:
    return Column(name, kind, nullable=True, comment=comment)


def _account() -> Column:
    comment = "what was read and passed over, how that was decided, and what deserves a look"
    return Column("account", JSONB, nullable=False, server_default="{}", comment=comment)


def _load() -> Column:
    comment = "1 for the file that landing began with, then one more for each file that was added to it"
    return Column("load_id", Integer, nullable=False, server_default="1", comment=comment)


_GENERATION = "which of the files that replaced everything landing began with"


def _known(comment: str) -> Column:
    return Column("is_known", Boolean, nullable=False, server_default="true", comment=comment)


landing_source = Table(
    "source",
    metadata,
    _required("file", Text, "name of the file that was handed over"),
    _required("form", Text, "what kind of file it is, such as COPY dump"),
    _required("sha256", Text, "hash of the file as handed over"),
    _optional("price_type", Text, "real or double precision where prices are printed with more digits than they have"),
    _required("lines_read", BigInteger, "lines in the file, rejected ones included"),
    _required(
        "lines_counted",
        BigInteger,
        "lines of the parts that are read, counted by other means than those that read them",
    ),
    _required(
        "lines_passed_over", BigInteger, "lines among those that are no records, such as blank lines and column names"
    ),
    _account(),
    _load(),
    _optional("lines_kept", BigInteger, "lines of the file that are in the warehouse"),
    _optional("amount_kept", Numeric, "amount over these lines"),
    Column("generation", BigInteger, nullable=False, server_default="0", comment=_GENERATION),
    Column("days_set_aside", JSONB, nullable=False, server_default="[]", comment="days that were not loaded"),
    Column(
        "lines_set_aside", BigInteger, nullable=False, server_default="0", comment="lines of the file on these days"
    ),
    Column("amount_set_aside", Numeric, nullable=False, server_default="0", comment="amount over these lines"),
    schema="landing",
    comment="The files that landing holds. One row per file.",
)

landing_line = Table(
    "line",
    metadata,
    _required("line_number", BigInteger, "line of the file, counted from 1; over several sheets, counted on"),
    _optional("invoice_no", Text, "as read"),
    _optional("stock_code", Text, "as read"),
    _optional("description", Text, "as read, blanks included"),
    _optional("quantity", Text, "as read"),
    _optional("invoice_date", Text, "as read"),
    _optional("unit_price", Text, "as read"),
    _optional("customer_id", Text, "as read"),
    _optional("country", Text, "as read"),
    _optional("currency", Text, "as read, where the file says"),
    _optional("status", Text, "as read, for a shop whose files say what became of an order"),
    _load(),
    Index("line_load_id_idx", "load_id", postgresql_where=text("load_id > 1")),  # of the first file it would be all
    schema="landing",
    comment="The files as read, as text. One row per line with the right number of columns.",
)

landing_reject = Table(
    "reject",
    metadata,
    Column("reject_id", BigInteger, Identity(always=True), primary_key=True, comment="running number"),
    _required("file", Text, "name of the file, and of the sheet where there are sheets"),
    _required("line_number", BigInteger, "line of the file or row of the sheet, counted from 1"),
    _required("reason", Text, "why the line cannot be a transaction"),
    _required("text", Text, "the line as read"),
    _optional("landing_line", BigInteger, "its line_number in landing.line; null where it does not fit the columns"),
    _load(),
    schema="landing",
    comment="Lines of the files that cannot be transactions. One row per rejected line.",
)

line = Table(
    "line",
    metadata,
    _required(
        "line_id", BigInteger, "days since 1970, then the number of the line among those loaded with it, in ten digits"
    ),
    _required("customer_key", BigInteger, "the customer id, or a negative key made from the invoice for guests"),
    _required("invoice_no", Text, "starts with C for a cancellation, with A for an adjustment"),
    _required("stock_code", Text, "article code, in capitals and without outer blanks"),
    _optional("description", Text, "trimmed; null where the line has none"),
    _required("quantity", Integer, "pieces; negative for returns and write-offs"),
    _required("invoice_at", DateTime, "local time of the invoice"),
    _required("unit_price", Numeric, "pounds for one piece"),
    _required("amount", Numeric, "pounds, exactly quantity x unit_price"),
    _optional("customer_id", Integer, "null for guests"),
    _required(
        "country", Text, "one name for each country, whatever the file calls it; Unspecified where the line names none"
    ),
    _required("month", Date, "first day of the invoice's month"),
    _required("line_type", Text, "sale, cancellation, adjustment, write_off, free or fee"),
    _required("is_product", Boolean, "false for postage, fees, vouchers, tests and corrections"),
    _required("is_overlap", Boolean, "second copy of a line that the overlap of December 2010 repeats"),
    _required("is_duplicate", Boolean, "further exact repeat of a line, beyond the overlap"),
    _required("hash", BigInteger, "hash of the line as read"),
    PrimaryKeyConstraint("customer_key", "line_id"),
    Index(None, "month"),
    Index(None, "customer_id"),
    Index(None, "stock_code", "month"),
    Index(None, "invoice_no"),
    schema="warehouse",
    comment="Every transaction line, typed and classified. One row per line.",
)

day = Table(
    "day",
    metadata,
    Column("day", Date, primary_key=True, comment="the day"),
    _required("month", Date, "first day of its month"),
    _required("lines", BigInteger, "lines of the day"),
    _required("amount", Numeric, "pounds over all lines of the day"),
    _required("content_hash", Numeric, "sum of the hashes of the day's lines, in any order"),
    _required("last_line_at", DateTime, "time of the day's last line"),
    _required("rules", Text, "hash of the rules that read and classified the lines"),
    schema="warehouse",
    comment="What each day holds, to see whether a file changes it. One row per day with lines.",
)

customer = Table(
    "customer",
    metadata,
    Column("customer_id", Integer, primary_key=True, autoincrement=False, comment="the shop's number of the customer"),
    _required("country", Text, "country of the customer's newest line"),
    _required("first_invoice_at", DateTime, "time of the first line of any kind"),
    _required("last_invoice_at", DateTime, "time of the newest line of any kind"),
    _required("first_month", Date, "month of the first line of any kind"),
    schema="warehouse",
    comment="Who bought with a customer number; guests have none. One row per customer.",
)

product = Table(
    "product",
    metadata,
    Column("stock_code", Text, primary_key=True, comment="article code, in capitals and without outer blanks"),
    _required(
        "product",
        Text,
        "its most frequent description on charged lines, with the code where codes share it; else the code",
    ),
    _required("is_product", Boolean, "false for postage, fees, vouchers, tests and corrections"),
    _known("false for a code of a kind that is neither a product's usual one nor on the list of what is no product"),
    _optional("name", Text, "the same without the code"),
    schema="warehouse",
    comment="What stands on invoices. One row per stock code.",
)

country = Table(
    "country",
    metadata,
    Column("country", Text, primary_key=True, comment="the name as the lines have it"),
    _required("name", Text, "English short name"),
    _optional("iso2", Text, "ISO 3166-1 alpha-2; null where no single country is meant"),
    _optional("iso3", Text, "ISO 3166-1 alpha-3; null where no single country is meant"),
    _required("region", Text, "part of the world"),
    _known("false for a name that the list of countries does not have"),
    schema="warehouse",
    comment="The countries that lines name. One row per name.",
)

calendar = Table(
    "calendar",
    metadata,
    Column("date", Date, primary_key=True, comment="the day"),
    _required("month", Date, "first day of its month"),
    _required("quarter", Date, "first day of its quarter"),
    _required("year", SmallInteger, "calendar year"),
    _required("week", Date, "Monday of its week"),
    _required("weekday", SmallInteger, "1 Monday to 7 Sunday"),
    _required("is_trading_day", Boolean, "whether any line was invoiced on the day"),
    _required("is_open", Boolean, "whether the shop is open: no Saturday, public holiday or Christmas week"),
    _optional("closed_because", Text, "why the shop is closed on the day; null when it is open"),
    _required(
        "is_expected", Boolean, "whether the shop is open and trades daily, so that a day without lines is a hole"
    ),
    _required("is_over", Boolean, "whether a later line shows that the day has ended"),
    CheckConstraint("weekday between 1 and 7", name="calendar_weekday_check"),
    schema="warehouse",
    comment="Every day from the first line's month to the end of the newest line's month. One row per day.",
)

closed_month = Table(
    "closed_month",
    metadata,
    Column("month", Date, primary_key=True, comment="first day of the month"),
    Column("closed_at", DateTime(timezone=True), nullable=False, server_default=func.now(), comment="when"),
    schema="warehouse",
    comment="Months that an administrator declared complete: lgs close. One row per month.",
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("quarantine_id", BigInteger, Identity(always=True), primary_key=True, comment="running number"),
    _required("day", Date, "the day"),
    _required("contract", Text, "the contract that it broke"),
    _required("file", Text, "name of the file that has it so"),
    _required("lines", BigInteger, "lines of the day that were set aside"),
    _required("amount", Numeric, "pounds over these lines"),
    Column("set_aside_at", DateTime(timezone=True), nullable=False, server_default=func.now(), comment="when"),
    Column(
        "released_at",
        DateTime(timezone=True),
        nullable=True,
        comment="when a file came that has the day right; null while it is set aside",
    ),
    Index(None, "day", unique=True, postgresql_where=text("released_at is null")),
    schema="warehouse",
    comment="Days of files that broke a contract and were not loaded. One row per day and time that it was set aside.",
)

quarantined_line = Table(
    "quarantined_line",
    metadata,
    _required("quarantine_id", BigInteger, "of warehouse.quarantine"),
    *[
        Column(of.name, of.type, nullable=of.nullable, comment="as in warehouse.line")
        for of in line.columns
        if of.name in ("invoice_no", "stock_code", "description", "quantity", "invoice_at", "unit_price", "amount")
        or of.name in ("customer_id", "country", "line_type")
    ],
    Index(None, "quarantine_id"),
    schema="warehouse",
    comment="The lines of days that were set aside. One row per line.",
)

receipt = Table(
    "receipt",
    metadata,
    Column("receipt_id", BigInteger, Identity(always=True), primary_key=True, comment="running number"),
    Column("refreshed_at", DateTime(timezone=True), nullable=False, server_default=func.now(), comment="when"),
    _required("source", Text, "path of the file that was loaded"),
    _required("form", Text, "what kind of file it was"),
    _required("sha256", Text, "hash of the file as handed over"),
    _required("fingerprint", Text, "hash of the definitions that the mart was built from"),
    _required("lines_read", BigInteger, "lines in the file"),
    _required("lines_kept", BigInteger, "lines of the file that are in the warehouse"),
    _required("rejected", JSONB, "rejected lines by reason"),
    _required("months_changed", JSONB, "months whose lines changed"),
    _required("before", JSONB, "headline metrics before"),
    _required("after", JSONB, "headline metrics after"),
    _required("closed_month_changes", JSONB, "numbers of complete months that changed: month, metric, before, after"),
    _required("moves", Integer, "rows that changed group"),
    _required("seconds", JSONB, "time by step"),
    _required("assets", JSONB, "Superset assets created, updated and pruned by the publish that followed"),
    _account(),
    Column(
        "is_append",
        Boolean,
        nullable=False,
        server_default="false",
        comment="whether the file was added to what was held, so that only its invoices were replaced",
    ),
    Column("days_changed", JSONB, nullable=False, server_default="[]", comment="days whose lines changed"),
    Column("run_by", Text, nullable=False, server_default="", comment="who ran it"),
    Column("set_aside", JSONB, nullable=False, server_default="[]", comment="days of the file that were not loaded"),
    Column("relations", JSONB, nullable=True, comment="relations whose rows changed; null where any may have"),
    schema="warehouse",
    comment="What each refresh read, changed and took. One row per refresh.",
)

publish = Table(
    "publish",
    metadata,
    Column("publish_id", BigInteger, Identity(always=True), primary_key=True, comment="running number"),
    Column("began_at", DateTime(timezone=True), nullable=False, server_default=func.now(), comment="when"),
    Column("ended_at", DateTime(timezone=True), nullable=True, comment="when it was done; null if it failed"),
    _required("published_by", Text, "user and machine that ran lgs"),
    _required("version", Text, "version of lgs"),
    _required("changes", JSONB, "what it changed in Superset, object by object"),
    schema="warehouse",
    comment="What each publish changed in Superset. One row per publish.",
)

published = Table(
    "published",
    metadata,
    Column("kind", Text, primary_key=True, comment="kind of object"),
    Column("name", Text, primary_key=True, comment="name of the object in the specs, with its kind"),
    _required("held", JSONB, "the object as Superset held it after the last publish"),
    schema="warehouse",
    comment="What Superset held after the last publish, to recognise manual changes. One row per object.",
)

attempt = Table(
    "attempt",
    metadata,
    Column("attempt_id", BigInteger, Identity(always=True), primary_key=True, comment="running number"),
    Column("failed_at", DateTime(timezone=True), nullable=False, server_default=func.now(), comment="when it failed"),
    _required("run_by", Text, "who ran it"),
    _required("source", Text, "what was to be loaded, without passwords"),
    _required("step", Text, "the step that failed; empty before the first"),
    _required("error", Text, "what was said of it"),
    _required("seconds", Numeric, "how long it had been running"),
    schema="warehouse",
    comment="Refreshes that failed and changed nothing. One row per failure.",
)

change = Table(
    "change",
    metadata,
    Column("change_id", BigInteger, Identity(always=True), primary_key=True, comment="running number"),
    _optional("receipt_id", BigInteger, "the receipt that tells of it"),
    _required("days", ARRAY(Date), "days whose lines it replaced"),
    _required("generation", BigInteger, "which landing stood before it"),
    _required("files", ARRAY(Integer), "load_id of the files in landing before it"),
    schema="warehouse_before",
    comment="The newest changes of lines, and what landing was before each. One row per change.",
)


def is_compared(name: str | None, kind: str, schema: str | None) -> bool:
    """Whether a schema or table is one of these: the partitions of ``warehouse_before`` come and go with changes."""
    if kind == "schema":
        return name in SCHEMAS
    return not (schema == "warehouse_before" and name and re.fullmatch(r"(line|day)_\d+", name))


def _kept(of: Table, schema: str, comment: str, *more: Column) -> None:
    columns = [Column(one.name, one.type, nullable=one.nullable, comment=one.comment) for one in of.columns]
    Table(of.name, metadata, *columns, *more, schema=schema, comment=comment)


for table in (landing_source, landing_line, landing_reject):
    moved_out = f"Files that were added and taken out again, of whichever landing. Rows as in landing.{table.name}."
    _kept(
        table,
        "landing_before",
        moved_out,
        *([] if table is landing_source else [_required("generation", BigInteger, _GENERATION)]),
    )

for table in (line, day):
    taken_out = f"What changes took out of warehouse.{table.name}, for a rollback. Each change has a partition."
    _kept(table, "warehouse_before", taken_out, _required("change_id", BigInteger, "the change that took it out"))
