"""Every relation, against figures that a person counted on paper."""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg2.extensions import cursor as Cursor

EXPECTED = yaml.safe_load(Path(__file__).with_name("shop.yml").read_text(encoding="utf-8"))["expect"]


@pytest.fixture
def built_shop(database, refresh, shop_lines) -> Iterator[Cursor]:
    with closing(database.connect()) as connection:
        refresh(connection, shop_lines)
        with connection.cursor() as cursor:
            yield cursor


def comparable(value: Any) -> Any:
    return round(float(value), 6) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value


def test_relations_hold_what_was_counted_on_paper(built_shop):
    """In one test, since it takes a database of its own and the relations are quick to read."""
    for relation, expected in EXPECTED.items():
        columns = ", ".join(expected["columns"])
        built_shop.execute(
            f"select {columns} from mart.{relation} where {expected.get('where', 'true')} order by {columns}"
        )
        found = [[comparable(value) for value in row] for row in built_shop.fetchall()]
        wanted = [[comparable(value) for value in row] for row in expected["rows"]]
        assert sorted(map(repr, found)) == sorted(map(repr, wanted)), relation


def test_every_relation_with_figures_is_counted_on_paper(layer):
    words_alone = {"metric_catalogue", "freshness"}
    assert {twin.name for twin in layer.twins if twin.schema_name == "mart"} - words_alone == set(EXPECTED)
