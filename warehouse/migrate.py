"""Brings ``landing`` and ``warehouse`` to the newest shape, with Alembic."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).with_name("migrations")


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Create or alter the tables as ``lgs_owner``. Does nothing, quickly, when the database is at ``revision``."""
    if current(owner_url) != (head() if revision == "head" else revision):
        _run(owner_url, "upgrade", revision)


def downgrade(owner_url: str, revision: str) -> None:
    """Go back to ``revision``; ``base`` leaves only the record of revisions. Lines are lost."""
    _run(owner_url, "downgrade", revision)


def head() -> str:
    """The newest revision: the number that the newest script's name begins with."""
    return max(path.name.split("_")[0] for path in SCRIPTS.glob("versions/[0-9]*.py"))


def current(owner_url: str) -> str | None:
    """The revision that the database is at; ``None`` when it has none."""
    with closing(psycopg2.connect(owner_url)) as connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('warehouse.migration')")
        if cursor.fetchone() == (None,):
            return None
        cursor.execute("select version_num from warehouse.migration")
        found = cursor.fetchone()
        return None if found is None else str(found[0])


def configuration(connection: Any) -> "Config":
    """Alembic's configuration for one open SQLAlchemy connection."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


def _run(owner_url: str, action: str, revision: str) -> None:
    # Alembic takes half a second to import: only those who need it pay.
    import sqlalchemy
    from alembic import command
    from sqlalchemy.pool import NullPool

    engine = sqlalchemy.create_engine(owner_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("create schema if not exists warehouse"))
        getattr(command, action)(configuration(connection), revision)
