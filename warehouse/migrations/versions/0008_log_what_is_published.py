"""Log what is published, and what Superset held afterwards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "publish",
        sa.Column("publish_id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="running number"),
        sa.Column(
            "began_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="when"
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True, comment="when it was done; null if it failed"),
        sa.Column("published_by", sa.Text(), nullable=False, comment="user and machine that ran lgs"),
        sa.Column("version", sa.Text(), nullable=False, comment="version of lgs"),
        sa.Column("changes", JSONB(), nullable=False, comment="what it changed in Superset, object by object"),
        sa.PrimaryKeyConstraint("publish_id", name=op.f("publish_pkey")),
        schema="warehouse",
        comment="What each publish changed in Superset. One row per publish.",
    )
    op.create_table(
        "published",
        sa.Column("kind", sa.Text(), nullable=False, comment="kind of object"),
        sa.Column("name", sa.Text(), nullable=False, comment="name of the object in the specs, with its kind"),
        sa.Column("held", JSONB(), nullable=False, comment="the object as Superset held it after the last publish"),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("published_pkey")),
        schema="warehouse",
        comment="What Superset held after the last publish, to recognise manual changes. One row per object.",
    )


def downgrade() -> None:
    op.drop_table("published", schema="warehouse")
    op.drop_table("publish", schema="warehouse")
