"""Every worked example runs as the analyst."""

from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import parse_dsn

from bootstrap.assets.examples import example_page, load_examples
from bootstrap.project import current
from bootstrap.roles import ANALYST, grant_reading

EXAMPLES = {example.name: example for example in load_examples(current().superset)}
PAGE = Path(__file__).resolve().parents[2] / "docs" / "examples.md"


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_runs_as_the_analyst(name, shop_connection):
    with shop_connection, shop_connection.cursor() as cursor:
        grant_reading(cursor)
    analyst = {**parse_dsn(shop_connection.dsn), "user": ANALYST, "password": "dev"}
    with closing(psycopg2.connect(**analyst)) as connection, connection.cursor() as cursor:
        cursor.execute(EXAMPLES[name].sql)
        assert len(cursor.description) > 2


def test_there_are_a_dozen_and_the_page_is_current():
    assert len(EXAMPLES) >= 12
    assert PAGE.read_text(encoding="utf-8") == example_page(list(EXAMPLES.values())), "run: lgs docs"
