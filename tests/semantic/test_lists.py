"""Segments, their rules and their colours stand in one file, and SQL, texts and charts take them from there."""

import pytest

from bootstrap.assets import layout, load_specs
from bootstrap.errors import SpecError
from bootstrap.lists import read_lists, with_names, with_relations
from bootstrap.project import Project, open_project, using
from bootstrap.semantic.loader import load_layer
from bootstrap.starter import make_project

ROWS = """rows:
  - {key: big, name: "Can't Lose", colour: "#111111", pattern: "5", least: 10}
  - {key: small, name: Small, colour: "#222222", pattern: "[1-4]", least: null}
"""


@pytest.fixture
def project(tmp_path) -> Project:
    return make_project(tmp_path / "shop")


def renamed(project: Project, old: str, new: str) -> Project:
    path = project.views / "segments.yml"
    path.write_text(path.read_text(encoding="utf-8").replace(f"name: {old}\n", f"name: {new}\n"), encoding="utf-8")
    return open_project(project.folder)


def test_a_renamed_segment_keeps_its_colour_and_its_place_in_every_text(project):
    before = project.colours
    with using(renamed(project, "Champions", "Stars")) as now:
        layer = load_layer(now.views)
        specs = load_specs(now.superset, layer)
        shown = layout.metadata(specs, specs.dashboards["sales_customers"])["label_colors"]
    assert "'Stars'" in layer.twin("rollup.segment").sql
    assert specs.charts["rfm_grid"].reading.endswith("Stars at the top right, Hibernating at the bottom left.")
    assert (shown["Stars"], "Champions" in shown) == (before["Champions"], False)
    assert len(set(now.colours.values())) == len(now.colours) == 10
    told = [layer.model_dump_json(), *(chart.model_dump_json() for chart in specs.charts.values())]
    told += [example.sql for example in specs.examples.values()]
    assert "Champions" not in "".join(told)


def test_a_list_is_a_relation_of_its_rows(tmp_path, shop_connection):
    (tmp_path / "sizes.yml").write_text(ROWS, encoding="utf-8")
    sql = with_relations("select * from list.sizes", tmp_path / "mart" / "any.sql")
    with shop_connection, shop_connection.cursor() as cursor:
        cursor.execute(sql)
        assert [column.name for column in cursor.description] == ["number", "key", "name", "pattern", "least"]
        assert cursor.fetchall() == [(1, "big", "Can't Lose", "5", 10), (2, "small", "Small", "[1-4]", None)]


def test_what_names_no_row_stays_as_it_is(tmp_path):
    (tmp_path / "sizes.yml").write_text(ROWS, encoding="utf-8")
    assert (
        with_names("$sizes.small, $sizes.none, $other.small", read_lists(tmp_path))
        == "Small, $sizes.none, $other.small"
    )


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("key: small", "key: big", 'two rows have the key "big"'),
        ("name: Small", 'name: "Can\'t Lose"', 'two rows have the name "Can\'t Lose"'),
        (", least: null", "", '"least" is not said of every row. Say it of "small" too.'),
        ("#222222", "grey", "rows.1.colour: text of the form ^#[0-9a-f]{6}$ is needed"),
        ("rows:", "rows: [", "Fix the YAML."),
    ],
)
def test_a_wrong_list_is_refused(tmp_path, right, wrong, message):
    assert right in ROWS
    (tmp_path / "sizes.yml").write_text(ROWS.replace(right, wrong), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read_lists(tmp_path)
    assert message in str(caught.value)


def test_a_list_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SpecError, match=r'there is no list "sizes"'):
        with_relations("select * from list.sizes", tmp_path / "mart" / "any.sql")
