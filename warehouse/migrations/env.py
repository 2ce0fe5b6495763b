"""Alembic runs this file: one transaction on the connection that ``warehouse.migrate`` hands over."""

from alembic import context

from warehouse.tables import is_compared, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="migration",
    version_table_schema="warehouse",
    include_schemas=True,
    include_name=lambda name, kind, parents: is_compared(name, kind, parents.get("schema_name")),
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
