"""Call the moves between groups what they are, whichever groups a shop has."""

from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "receipt", "segment_moves", new_column_name="moves", comment="rows that changed group", schema="warehouse"
    )


def downgrade() -> None:
    op.alter_column(
        "receipt",
        "moves",
        new_column_name="segment_moves",
        comment="customers who changed segment",
        schema="warehouse",
    )
