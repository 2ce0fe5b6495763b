"""Account for every line of a source, and mark what is not known."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SOURCE = {
    "lines_counted": "lines of the parts that are read, counted by other means than those that read them",
    "lines_passed_over": "lines among those that are no records, such as blank lines and column names",
}
ACCOUNT = "what was read and passed over, how that was decided, and what deserves a look"
KNOWN = {
    "country": "false for a name that the list of countries does not have",
    "product": "false for a code of a kind that is neither a product's usual one nor on the list of what is no product",
}


def upgrade() -> None:
    for schema in ("landing", "landing_before"):
        for name, comment in SOURCE.items():
            op.add_column("source", sa.Column(name, sa.BigInteger(), comment=comment), schema=schema)
        op.add_column("source", _account(), schema=schema)
        op.execute(f"update {schema}.source set lines_counted = lines_read, lines_passed_over = 0")
        for name in SOURCE:
            op.alter_column("source", name, nullable=False, schema=schema)
        op.add_column("line", sa.Column("currency", sa.Text(), comment="as read, where the file says"), schema=schema)
    op.add_column("receipt", _account(), schema="warehouse")
    for table, comment in KNOWN.items():
        known = sa.Column("is_known", sa.Boolean(), nullable=False, server_default="true", comment=comment)
        op.add_column(table, known, schema="warehouse")


def downgrade() -> None:
    for table in KNOWN:
        op.drop_column(table, "is_known", schema="warehouse")
    op.drop_column("receipt", "account", schema="warehouse")
    for schema in ("landing", "landing_before"):
        op.drop_column("line", "currency", schema=schema)
        for name in ("account", *SOURCE):
            op.drop_column("source", name, schema=schema)


def _account() -> sa.Column:
    return sa.Column("account", JSONB(), nullable=False, server_default="{}", comment=ACCOUNT)
