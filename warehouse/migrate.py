"""Brings ``landing`` and ``warehouse`` to the newest shape, with Alembic, inside a transaction of the caller."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg2.extensions import connection as Connection

from bootstrap.errors import UsageError

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).with_name("migrations")


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Create or alter the tables as ``lgs_owner``. Does nothing, quickly, when the database is at ``revision``.

    Raises ``UsageError`` when a newer version of lgs made the tables.
    """
    now = current(connection)
    if now not in (None, *_revisions()):
        raise UsageError(
            f"The warehouse is at revision {now}, which this version of lgs does not know (its newest is {head()}). "
            "Go on with the version that made it, or restore a backup that this version made: lgs restore FILE."
        )
    if now != (head() if revision == "head" else revision):
        _run(connection, "upgrade", revision)
    _catch_up(connection)


def _catch_up(connection: Connection) -> None:
    """Let running numbers go on behind those that are there.

    With wal_level minimal the server logs nothing of a sequence in the transaction that creates it, and takes the 32
    numbers that it fetches there for logged. After a crash it would give those out again.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select attrelid::regclass::text, attname, pg_get_serial_sequence(attrelid::regclass::text, attname) "
            "from pg_attribute inner join pg_class on attrelid = pg_class.oid where attidentity <> '' "
            "and relkind = 'r' and relnamespace::regnamespace::text ~ '^(landing|warehouse)'"
        )
        for table, column, sequence in cursor.fetchall():
            cursor.execute(
                f"select setval('{sequence}', newest) from (select max({column}) as newest from {table}) as held, "
                f"{sequence} as numbers where newest >= numbers.last_value + numbers.is_called::integer"
            )


def downgrade(connection: Connection, revision: str) -> None:
    """Go back to ``revision``; ``base`` leaves only the record of revisions. Lines are lost."""
    _run(connection, "downgrade", revision)


def head() -> str:
    """The newest revision: the number that the newest script's name begins with."""
    return max(_revisions())


def current(connection: Connection) -> str | None:
    """The revision that the database is at; ``None`` when it has none."""
    with connection.cursor() as cursor:
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


def _revisions() -> list[str]:
    return [path.name.split("_")[0] for path in SCRIPTS.glob("versions/[0-9]*.py")]


def _run(connection: Connection, action: str, revision: str) -> None:
    # Alembic takes half a second to import: only those who need it pay.
    import sqlalchemy
    from alembic import command
    from sqlalchemy.pool import StaticPool

    engine = sqlalchemy.create_engine(
        "postgresql://", creator=lambda: connection, poolclass=StaticPool, pool_reset_on_return=None
    )
    # The transaction is the caller's: whether what is done here counts is not for SQLAlchemy to say.
    vars(engine.dialect).update(do_commit=_leave_open, do_rollback=_leave_open)
    with engine.begin() as bound:
        bound.execute(sqlalchemy.text("create schema if not exists warehouse"))
        getattr(command, action)(configuration(bound), revision)


def _leave_open(connection: Any) -> None:
    """What ends a transaction elsewhere."""
