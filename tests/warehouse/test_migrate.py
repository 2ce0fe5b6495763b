"""The tables are what Alembic says they are, and can be taken back."""

from contextlib import closing

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.pool import NullPool

from bootstrap.connection import connected
from bootstrap.errors import UsageError
from warehouse.migrate import SCRIPTS, current, downgrade, head, upgrade
from warehouse.tables import is_compared, metadata


def differences(url: str) -> list[object]:
    engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, parents: (
            name != "migration" and is_compared(name, kind, parents.get("schema_name"))
        ),
        "compare_type": True,
        "compare_server_default": True,
    }
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def test_head_is_alembics_head():
    assert head() == ScriptDirectory(str(SCRIPTS)).get_current_head()


def test_autogenerate_finds_no_difference(database):
    assert differences(database.owner_url) == []


def test_autogenerate_would_find_a_difference(database):
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("alter table warehouse.line alter country type varchar(20)")
    assert differences(database.owner_url) != []


def test_down_and_up_again_with_data_inside(database):
    with connected(database.owner_url) as connection, connection, connection.cursor() as cursor:
        cursor.execute("insert into warehouse.product values ('22041', 'RECORD FRAME', true)")
        downgrade(connection, "base")
        assert current(connection) is None
        upgrade(connection)
        assert current(connection) == head()
    assert differences(database.owner_url) == []


def test_running_numbers_go_on_where_a_crash_has_set_them_back(database):
    """As found by killing a server's process: the tables were made in the transaction of the first load."""
    insert = (
        "insert into warehouse.publish (published_by, version, changes) values ('a', '1', '[]') returning publish_id"
    )
    with connected(database.owner_url) as connection, connection, connection.cursor() as cursor:
        for _ in range(3):
            cursor.execute(insert)
        cursor.execute("alter table warehouse.publish alter publish_id restart with 2")
        upgrade(connection)
        cursor.execute(insert)
        assert cursor.fetchone() == (4,)


def test_what_a_migration_did_counts_only_with_the_callers_commit(database):
    with connected(database.owner_url) as connection:
        downgrade(connection, "0001")
        assert current(connection) == "0001"
        connection.rollback()
        assert current(connection) == head()


def test_tables_of_a_newer_version_are_refused(database):
    with connected(database.owner_url) as connection, connection, connection.cursor() as cursor:
        cursor.execute("update warehouse.migration set version_num = '9999'")
        with pytest.raises(UsageError, match=r"revision 9999.*does not know"):
            upgrade(connection)
