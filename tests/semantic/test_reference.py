"""The generated pages say what the specs say."""

import re
from pathlib import Path

from bootstrap.semantic.house_rules import definitions, load_house_rules
from bootstrap.semantic.reference import reference
from bootstrap.semantic.relations import relations

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_of_metrics_is_current(layer):
    assert (DOCS / "metrics.md").read_text(encoding="utf-8") == reference(layer), "run: lgs docs"


def test_it_names_every_metric_relation_and_column(layer):
    page = reference(layer)
    for metric in layer.metrics.values():
        assert f"`{metric.name}` = `{metric.expression}`" in page
    for twin in layer.twins:
        assert (f"### mart.{twin.name}\n" in page) == (twin.schema_name == "mart")


def test_the_page_of_relations_is_current(layer):
    assert (DOCS / "relations.md").read_text(encoding="utf-8") == relations(layer), "run: lgs docs"


def test_it_draws_every_reference_and_lists_every_grain(layer):
    page = relations(layer)
    for twin in (twin for twin in layer.twins if twin.schema_name == "mart"):
        assert f"| `mart.{twin.name}` | One row" in page
        for column, target in twin.references.items():
            assert re.search(rf"    {target.split('.')[1]} \|\|--o[{{|] {twin.name} : {column}\n", page)
            assert f"`{twin.name}.{column} = {target}`" in page


def test_the_page_of_metrics_says_which_part_a_relation_covers(layer):
    for twin in layer.twins:
        assert not twin.covers or f"Covers a part of the lines: {twin.covers}" in reference(layer)


def test_every_house_rule_has_an_effect_in_money_on_any_shop(shop_connection):
    with shop_connection, shop_connection.cursor() as cursor:
        for rule in load_house_rules():
            cursor.execute(rule.sql)
            assert "difference" in [column.name for column in cursor.description]
            assert len(cursor.fetchall()) <= 1, rule.name
        page = definitions(cursor)
    for rule in load_house_rules():
        assert f"## {rule.question}\n" in page
    assert "3 cancellations take back 45.00 GBP of goods, 17.6% of the goods sold." in page


def test_the_rules_that_the_design_asks_for_are_there():
    asked = {"order", "cancellations", "guests", "overlap", "scoring", "as_of", "partial_months"}
    assert asked <= {rule.name for rule in load_house_rules()}
