"""Set days aside that break a contract, and note which relations a refresh changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

LANDING = ("landing", "landing_before")


def upgrade() -> None:
    op.create_table(
        "quarantine",
        sa.Column("quarantine_id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="running number"),
        sa.Column("day", sa.Date(), nullable=False, comment="the day"),
        sa.Column("contract", sa.Text(), nullable=False, comment="the contract that it broke"),
        sa.Column("file", sa.Text(), nullable=False, comment="name of the file that has it so"),
        sa.Column("lines", sa.BigInteger(), nullable=False, comment="lines of the day that were set aside"),
        sa.Column("amount", sa.Numeric(), nullable=False, comment="pounds over these lines"),
        sa.Column(
            "set_aside_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="when"
        ),
        sa.Column(
            "released_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when a file came that has the day right; null while it is set aside",
        ),
        sa.PrimaryKeyConstraint("quarantine_id", name=op.f("quarantine_pkey")),
        schema="warehouse",
        comment="Days of files that broke a contract and were not loaded. One row per day and time that it was set "
        "aside.",
    )
    op.create_index(
        op.f("quarantine_day_idx"),
        "quarantine",
        ["day"],
        unique=True,
        schema="warehouse",
        postgresql_where=sa.text("released_at is null"),
    )
    op.create_table(
        "quarantined_line",
        sa.Column("quarantine_id", sa.BigInteger(), nullable=False, comment="of warehouse.quarantine"),
        sa.Column("invoice_no", sa.Text(), nullable=False, comment="as in warehouse.line"),
        sa.Column("stock_code", sa.Text(), nullable=False, comment="as in warehouse.line"),
        sa.Column("description", sa.Text(), nullable=True, comment="as in warehouse.line"),
        sa.Column("quantity", sa.Integer(), nullable=False, comment="as in warehouse.line"),
        sa.Column("invoice_at", sa.DateTime(), nullable=False, comment="as in warehouse.line"),
        sa.Column("unit_price", sa.Numeric(), nullable=False, comment="as in warehouse.line"),
        sa.Column("amount", sa.Numeric(), nullable=False, comment="as in warehouse.line"),
        sa.Column("customer_id", sa.Integer(), nullable=True, comment="as in warehouse.line"),
        sa.Column("country", sa.Text(), nullable=False, comment="as in warehouse.line"),
        sa.Column("line_type", sa.Text(), nullable=False, comment="as in warehouse.line"),
        schema="warehouse",
        comment="The lines of days that were set aside. One row per line.",
    )
    op.create_index(
        op.f("quarantined_line_quarantine_id_idx"), "quarantined_line", ["quarantine_id"], schema="warehouse"
    )
    for schema in LANDING:
        op.add_column(
            "source",
            sa.Column(
                "days_set_aside", JSONB(), server_default="[]", nullable=False, comment="days that were not loaded"
            ),
            schema=schema,
        )
        for name, kind, comment in (
            ("lines_set_aside", sa.BigInteger(), "lines of the file on these days"),
            ("amount_set_aside", sa.Numeric(), "amount over these lines"),
        ):
            column = sa.Column(name, kind, server_default="0", nullable=False, comment=comment)
            op.add_column("source", column, schema=schema)
    for name in ("days_set_aside", "lines_set_aside", "amount_set_aside"):
        op.alter_column("source", name, server_default=None, schema="landing_before")
    op.add_column(
        "receipt",
        sa.Column(
            "set_aside", JSONB(), server_default="[]", nullable=False, comment="days of the file that were not loaded"
        ),
        schema="warehouse",
    )
    op.add_column(
        "receipt",
        sa.Column("relations", JSONB(), nullable=True, comment="relations whose rows changed; null where any may have"),
        schema="warehouse",
    )


def downgrade() -> None:
    for name in ("relations", "set_aside"):
        op.drop_column("receipt", name, schema="warehouse")
    for schema in LANDING:
        for name in ("amount_set_aside", "lines_set_aside", "days_set_aside"):
            op.drop_column("source", name, schema=schema)
    op.drop_table("quarantined_line", schema="warehouse")
    op.drop_table("quarantine", schema="warehouse")
