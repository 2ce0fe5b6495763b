"""Databases that several tests share, where each may only look or undo."""

from collections.abc import Iterator

import pytest

from tests.conftest import Database, fresh_database


@pytest.fixture(scope="module")
def module_database(server_url: str) -> Iterator[Database]:
    """A database with roles and migrations applied, for all tests of one module."""
    with fresh_database(server_url) as database:
        yield database
