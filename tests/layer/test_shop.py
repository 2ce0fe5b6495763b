"""Every relation, against figures that a person counted on paper."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

EXPECTED = yaml.safe_load(Path(__file__).with_name("shop.yml").read_text(encoding="utf-8"))["expect"]


def comparable(value: Any) -> Any:
    return round(float(value), 6) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value


@pytest.mark.parametrize("relation", EXPECTED)
def test_a_relation_holds_what_was_counted_on_paper(relation, shop_connection):
    expected = EXPECTED[relation]
    columns = ", ".join(expected["columns"])
    with shop_connection, shop_connection.cursor() as cursor:
        cursor.execute(f"select {columns} from mart.{relation} where {expected.get('where', 'true')}")
        found = [[comparable(value) for value in row] for row in cursor.fetchall()]
    wanted = [[comparable(value) for value in row] for row in expected["rows"]]
    assert sorted(found, key=repr) == sorted(wanted, key=repr)


def test_every_relation_with_figures_is_counted_on_paper(layer):
    words_alone = {"metric_catalogue", "freshness"}
    assert {twin.name for twin in layer.twins if twin.schema_name == "mart"} - words_alone == set(EXPECTED)
