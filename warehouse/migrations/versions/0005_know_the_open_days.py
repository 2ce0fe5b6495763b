"""Know the days on which the shop is open, and the months that an administrator closed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FLAGS = {
    "is_open": "whether the shop is open: no Saturday, public holiday or Christmas week",
    "closed_because": "why the shop is closed on the day; null when it is open",
    "is_expected": "whether the shop is open and trades daily, so that a day without lines is a hole",
    "is_over": "whether a later line shows that the day has ended",
}
INDEXES = ("customer_id", "stock_code", "invoice_no")


NAME = "its most frequent description on charged lines, with the code where codes share it; else the code"
NAME_BEFORE = "its most frequent description on sold lines, blanks collapsed; else the code"


def upgrade() -> None:
    op.alter_column("product", "product", comment=NAME, schema="warehouse")
    for name, comment in FLAGS.items():
        kind = sa.Text() if name == "closed_because" else sa.Boolean()
        op.add_column("calendar", sa.Column(name, kind, comment=comment), schema="warehouse")
    # The next refresh derives the calendar again, since its rules changed.
    op.execute("update warehouse.calendar set is_open = is_trading_day, is_expected = false, is_over = true")
    for name in FLAGS:
        if name != "closed_because":
            op.alter_column("calendar", name, nullable=False, schema="warehouse")
    op.create_table(
        "closed_month",
        sa.Column("month", sa.Date(), nullable=False, comment="first day of the month"),
        sa.Column(
            "closed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False, comment="when"
        ),
        sa.PrimaryKeyConstraint("month", name=op.f("closed_month_pkey")),
        schema="warehouse",
        comment="Months that an administrator declared complete: lgs close. One row per month.",
    )
    for name in INDEXES:
        op.create_index(op.f(f"line_{name}_idx"), "line", [name], schema="warehouse")


def downgrade() -> None:
    op.alter_column("product", "product", comment=NAME_BEFORE, schema="warehouse")
    for name in INDEXES:
        op.drop_index(op.f(f"line_{name}_idx"), "line", schema="warehouse")
    op.drop_table("closed_month", schema="warehouse")
    for name in FLAGS:
        op.drop_column("calendar", name, schema="warehouse")
