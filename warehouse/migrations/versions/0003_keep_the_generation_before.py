"""Keep the generation before."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LANDING = ("source", "line", "reject")
WAREHOUSE = ("line", "month")


def upgrade() -> None:
    op.execute("create schema landing_before")
    op.execute("create schema warehouse_before")
    for table in LANDING:
        op.execute(f"create table landing_before.{table} (like landing.{table} including all)")
    for table in WAREHOUSE:
        op.execute(f"create table warehouse_before.{table} (like warehouse.{table} including comments)")
        op.create_table_comment(
            table, f"What the newest change took out of warehouse.{table}, for a rollback.", schema="warehouse_before"
        )
    op.create_table_comment("source", "The file that landing holds. One row.", schema="landing_before")
    op.create_table_comment(
        "line",
        "The newest file as read, as text. One row per line with the right number of columns.",
        schema="landing_before",
    )
    op.create_table_comment(
        "reject",
        "Lines of the newest file that cannot be transactions. One row per rejected line.",
        schema="landing_before",
    )


def downgrade() -> None:
    op.execute("drop schema warehouse_before cascade")
    op.execute("drop schema landing_before cascade")
