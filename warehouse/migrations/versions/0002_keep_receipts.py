"""Keep receipts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt",
        sa.Column("receipt_id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="running number"),
        sa.Column(
            "refreshed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="when"
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="path of the file that was loaded"),
        sa.Column("form", sa.Text(), nullable=False, comment="what kind of file it was"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="hash of the file as handed over"),
        sa.Column(
            "fingerprint", sa.Text(), nullable=False, comment="hash of the definitions that the mart was built from"
        ),
        sa.Column("lines_read", sa.BigInteger(), nullable=False, comment="lines in the file"),
        sa.Column("lines_kept", sa.BigInteger(), nullable=False, comment="lines in the warehouse"),
        sa.Column("rejected", JSONB(), nullable=False, comment="rejected lines by reason"),
        sa.Column("months_changed", JSONB(), nullable=False, comment="months whose lines changed"),
        sa.Column("before", JSONB(), nullable=False, comment="headline metrics before"),
        sa.Column("after", JSONB(), nullable=False, comment="headline metrics after"),
        sa.Column(
            "closed_month_changes",
            JSONB(),
            nullable=False,
            comment="numbers of complete months that changed: month, metric, before, after",
        ),
        sa.Column("segment_moves", sa.Integer(), nullable=False, comment="customers who changed segment"),
        sa.Column("seconds", JSONB(), nullable=False, comment="time by step"),
        sa.Column(
            "assets",
            JSONB(),
            nullable=False,
            comment="Superset assets created, updated and pruned by the publish that followed",
        ),
        sa.PrimaryKeyConstraint("receipt_id", name=op.f("receipt_pkey")),
        schema="warehouse",
        comment="What each refresh read, changed and took. One row per refresh.",
    )


def downgrade() -> None:
    op.drop_table("receipt", schema="warehouse")
