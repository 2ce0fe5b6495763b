"""Call the moves between groups what they are, whichever groups a shop has, and read the status of lines."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATUS = "as read, for a shop whose files say what became of an order"


def upgrade() -> None:
    op.alter_column(
        "receipt", "segment_moves", new_column_name="moves", comment="rows that changed group", schema="warehouse"
    )
    for schema in ("landing", "landing_before"):
        op.add_column("line", sa.Column("status", sa.Text(), comment=STATUS), schema=schema)


def downgrade() -> None:
    for schema in ("landing", "landing_before"):
        op.drop_column("line", "status", schema=schema)
    op.alter_column(
        "receipt",
        "moves",
        new_column_name="segment_moves",
        comment="customers who changed segment",
        schema="warehouse",
    )
