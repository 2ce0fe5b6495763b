"""Keep what each day holds in place of each month, the hash of each line, and which load a line of landing is of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LOAD = "1 for the file that landing began with, then one more for each file that was added to it"
NUMBERED_BY_DAY = "days since 1970, then the number of the line among those loaded with it, in ten digits"
NUMBERED_BY_MONTH = "year and month, then the number of the line in its file, in ten digits"
NAME = "the same without the code"
BEFORE = "What the newest change took out of warehouse.{}, for a rollback."
ADDED = "whether the file was added to what was held, so that only its invoices were replaced"


def upgrade() -> None:
    for schema in ("landing", "landing_before"):
        _number_loads(schema)
    for schema in ("warehouse", "warehouse_before"):
        _hash_lines(schema)
        _note_days(schema)
        op.drop_table("month", schema=schema)
    op.drop_index(op.f("line_stock_code_idx"), "line", schema="warehouse")
    op.create_index(op.f("line_stock_code_month_idx"), "line", ["stock_code", "month"], schema="warehouse")
    op.execute(MONTH)
    name = sa.Column("name", sa.Text(), comment=NAME)
    op.add_column("product", name, schema="warehouse")
    op.add_column(
        "receipt",
        sa.Column("is_append", sa.Boolean(), nullable=False, server_default="false", comment=ADDED),
        schema="warehouse",
    )
    op.add_column(
        "receipt",
        sa.Column("days_changed", JSONB(), nullable=False, server_default="[]", comment="days whose lines changed"),
        schema="warehouse",
    )
    op.alter_column("receipt", "lines_kept", comment="lines of the file that are in the warehouse", schema="warehouse")


MONTH = """
create view warehouse.month as
select
    month,
    sum(lines)::bigint as lines,
    sum(amount) as amount,
    sum(content_hash) as content_hash
from warehouse.day
group by month;
comment on view warehouse.month is 'What each month holds: the sums over its days. One row per month.'
"""


def _number_loads(schema: str) -> None:
    for table in ("source", "line", "reject"):
        load = sa.Column("load_id", sa.Integer(), nullable=False, server_default="1", comment=LOAD)
        op.add_column(table, load, schema=schema)
    # What a file is added to is large, and not looked at again.
    op.create_index(
        op.f("line_load_id_idx"), "line", ["load_id"], schema=schema, postgresql_where=sa.text("load_id > 1")
    )
    kept = sa.Column("lines_kept", sa.BigInteger(), comment="lines of the file that are in the warehouse")
    op.add_column("source", kept, schema=schema)
    amount = sa.Column("amount_kept", sa.Numeric(), comment="amount over these lines")
    op.add_column("source", amount, schema=schema)
    comment = "The files that landing holds. One row per file."
    op.create_table_comment("source", comment, schema=schema)
    op.create_table_comment(
        "line", "The files as read, as text. One row per line with the right number of columns.", schema=schema
    )
    op.create_table_comment(
        "reject", "Lines of the files that cannot be transactions. One row per rejected line.", schema=schema
    )


def _hash_lines(schema: str) -> None:
    """Those that are held get theirs when they are loaded again, which the rules of this version make them."""
    hashed = sa.Column("hash", sa.BigInteger(), nullable=False, server_default="0", comment="hash of the line as read")
    op.add_column("line", hashed, schema=schema)
    op.alter_column("line", "hash", server_default=None, schema=schema)
    op.alter_column("line", "line_id", comment=NUMBERED_BY_DAY, schema=schema)


def _note_days(schema: str) -> None:
    is_kept = schema == "warehouse"
    op.create_table(
        "day",
        sa.Column("day", sa.Date(), nullable=False, comment="the day"),
        sa.Column("month", sa.Date(), nullable=False, comment="first day of its month"),
        sa.Column("lines", sa.BigInteger(), nullable=False, comment="lines of the day"),
        sa.Column("amount", sa.Numeric(), nullable=False, comment="pounds over all lines of the day"),
        sa.Column(
            "content_hash", sa.Numeric(), nullable=False, comment="sum of the hashes of the day's lines, in any order"
        ),
        sa.Column("last_line_at", sa.DateTime(), nullable=False, comment="time of the day's last line"),
        sa.Column("rules", sa.Text(), nullable=False, comment="hash of the rules that read and classified the lines"),
        *([sa.PrimaryKeyConstraint("day", name=op.f("day_pkey"))] if is_kept else []),
        schema=schema,
        comment="What each day holds, to see whether a file changes it. One row per day with lines."
        if is_kept
        else BEFORE.format("day"),
    )
    op.execute(f"""
        insert into {schema}.day
        select
            invoice_at::date, month, count(*), sum(amount), 0, max(invoice_at), 'of months'
        from {schema}.line
        group by invoice_at::date, month
    """)


def downgrade() -> None:
    op.alter_column("receipt", "lines_kept", comment="lines in the warehouse", schema="warehouse")
    op.drop_column("receipt", "days_changed", schema="warehouse")
    op.drop_column("receipt", "is_append", schema="warehouse")
    op.execute("drop view warehouse.month")
    op.drop_column("product", "name", schema="warehouse")
    op.drop_index(op.f("line_stock_code_month_idx"), "line", schema="warehouse")
    op.create_index(op.f("line_stock_code_idx"), "line", ["stock_code"], schema="warehouse")
    for schema in ("warehouse", "warehouse_before"):
        _note_months(schema)
        op.drop_table("day", schema=schema)
        op.drop_column("line", "hash", schema=schema)
        op.alter_column("line", "line_id", comment=NUMBERED_BY_MONTH, schema=schema)
    for schema in ("landing", "landing_before"):
        _forget_loads(schema)


def _note_months(schema: str) -> None:
    is_kept = schema == "warehouse"
    op.create_table(
        "month",
        sa.Column("month", sa.Date(), nullable=False, comment="first day of the month"),
        sa.Column("lines", sa.BigInteger(), nullable=False, comment="lines of the month"),
        sa.Column("amount", sa.Numeric(), nullable=False, comment="pounds over all lines of the month"),
        sa.Column(
            "content_hash",
            sa.Numeric(),
            nullable=False,
            comment="sum of the hashes of the month's rows, whatever their order",
        ),
        sa.Column("rules", sa.Text(), nullable=False, comment="hash of the rules that read and classified the lines"),
        *([sa.PrimaryKeyConstraint("month", name=op.f("month_pkey"))] if is_kept else []),
        schema=schema,
        comment="What each month holds, to see whether a file changes it. One row per month."
        if is_kept
        else BEFORE.format("month"),
    )
    op.execute(f"""
        insert into {schema}.month
        select month, sum(lines), sum(amount), 0, 'of days' from {schema}.day group by month
    """)


def _forget_loads(schema: str) -> None:
    op.execute(f"delete from {schema}.line where load_id > 1; delete from {schema}.source where load_id > 1")
    op.execute(f"delete from {schema}.reject where load_id > 1")
    for column in ("lines_kept", "amount_kept"):
        op.drop_column("source", column, schema=schema)
    for table in ("source", "line", "reject"):
        op.drop_column(table, "load_id", schema=schema)
    op.create_table_comment("source", "The file that landing holds. One row.", schema=schema)
    op.create_table_comment(
        "line", "The newest file as read, as text. One row per line with the right number of columns.", schema=schema
    )
    op.create_table_comment(
        "reject", "Lines of the newest file that cannot be transactions. One row per rejected line.", schema=schema
    )
