"""The tables are what Alembic says they are, and can be taken back."""

from contextlib import closing

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.pool import NullPool

from warehouse.migrate import SCRIPTS, current, downgrade, head, upgrade
from warehouse.tables import SCHEMAS, metadata


def differences(url: str) -> list[object]:
    engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, parents: name in SCHEMAS if kind == "schema" else name != "migration",
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


@pytest.mark.parametrize("revision", ["base"])
def test_down_and_up_again_with_data_inside(database, revision):
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("insert into warehouse.product values ('22041', 'RECORD FRAME', true)")
    downgrade(database.owner_url, revision)
    assert current(database.owner_url) is None
    upgrade(database.owner_url)
    assert current(database.owner_url) == head()
    assert differences(database.owner_url) == []
