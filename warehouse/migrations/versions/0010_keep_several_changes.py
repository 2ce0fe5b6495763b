"""Keep what each of several changes replaced, who ran a refresh, and the attempts that failed.

What the newest change before this one replaced is let go: its lines were made by rules of another version.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LANDING = ("source", "line", "reject")
WAREHOUSE = ("line", "day")
GENERATION = "which of the files that replaced everything landing began with"
CHANGE = "the change that took it out"
TAKEN_OUT = "What changes took out of warehouse.{}, for a rollback. Each change has a partition."
REPLACED = "What the newest change took out of warehouse.{}, for a rollback."
MOVED_OUT = "Files that were added and taken out again, of whichever landing. Rows as in landing.{}."

FORMER = {
    "source": "The files that landing holds. One row per file.",
    "line": "The files as read, as text. One row per line with the right number of columns.",
    "reject": "Lines of the files that cannot be transactions. One row per rejected line.",
}


def upgrade() -> None:
    generation = sa.Column("generation", sa.BigInteger(), nullable=False, server_default="0", comment=GENERATION)
    op.add_column("source", generation, schema="landing")
    _make_anew("landing_before", LANDING, "landing")
    for table in LANDING[1:]:
        column = sa.Column("generation", sa.BigInteger(), nullable=False, comment=GENERATION)
        op.add_column(table, column, schema="landing_before")
    for table in LANDING:
        op.create_table_comment(table, MOVED_OUT.format(table), schema="landing_before")
    _keep_changes()
    _note_attempts()
    who = sa.Column("run_by", sa.Text(), nullable=False, server_default="", comment="who ran it")
    op.add_column("receipt", who, schema="warehouse")


def _keep_changes() -> None:
    for table in WAREHOUSE:
        op.execute(f"drop table warehouse_before.{table}")
        op.execute(
            f"create table warehouse_before.{table} (like warehouse.{table} including comments, "
            "change_id bigint not null) partition by list (change_id)"
        )
        op.alter_column(table, "change_id", comment=CHANGE, schema="warehouse_before")
        op.create_table_comment(table, TAKEN_OUT.format(table), schema="warehouse_before")
    op.create_table(
        "change",
        sa.Column("change_id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="running number"),
        sa.Column("receipt_id", sa.BigInteger(), comment="the receipt that tells of it"),
        sa.Column("days", ARRAY(sa.Date()), nullable=False, comment="days whose lines it replaced"),
        sa.Column("generation", sa.BigInteger(), nullable=False, comment="which landing stood before it"),
        sa.Column("files", ARRAY(sa.Integer()), nullable=False, comment="load_id of the files in landing before it"),
        sa.PrimaryKeyConstraint("change_id", name=op.f("change_pkey")),
        schema="warehouse_before",
        comment="The newest changes of lines, and what landing was before each. One row per change.",
    )


def _note_attempts() -> None:
    op.create_table(
        "attempt",
        sa.Column("attempt_id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="running number"),
        sa.Column(
            "failed_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
            comment="when it failed",
        ),
        sa.Column("run_by", sa.Text(), nullable=False, comment="who ran it"),
        sa.Column("source", sa.Text(), nullable=False, comment="what was to be loaded, without passwords"),
        sa.Column("step", sa.Text(), nullable=False, comment="the step that failed; empty before the first"),
        sa.Column("error", sa.Text(), nullable=False, comment="what was said of it"),
        sa.Column("seconds", sa.Numeric(), nullable=False, comment="how long it had been running"),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("attempt_pkey")),
        schema="warehouse",
        comment="Refreshes that failed and changed nothing. One row per failure.",
    )


def downgrade() -> None:
    op.drop_column("receipt", "run_by", schema="warehouse")
    op.drop_table("attempt", schema="warehouse")
    op.drop_table("change", schema="warehouse_before")
    for table in WAREHOUSE:
        op.execute(f"drop table warehouse_before.{table}")
        op.execute(f"create table warehouse_before.{table} (like warehouse.{table} including comments)")
        op.create_table_comment(table, REPLACED.format(table), schema="warehouse_before")
    op.execute("""
        do $$
        declare
            kept text;
        begin
            for kept in select nspname from pg_namespace where nspname ~ '^landing_before_[0-9]+$' loop
                execute format('drop schema %I cascade', kept);
            end loop;
        end
        $$
    """)
    op.drop_column("source", "generation", schema="landing")
    for table in LANDING:
        op.execute(f"drop table landing_before.{table}")
        op.execute(f"create table landing_before.{table} (like landing.{table} including all)")
        op.create_table_comment(table, FORMER[table], schema="landing_before")


def _make_anew(schema: str, tables: tuple[str, ...], like: str) -> None:
    for table in tables:
        op.execute(f"drop table {schema}.{table}")
        op.execute(f"create table {schema}.{table} (like {like}.{table} including comments)")
