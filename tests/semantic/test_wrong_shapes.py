"""Whatever a file of views/ holds where something else is needed, the refusal is one sentence with its place."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.errors import SpecError
from bootstrap.lists import read_lists
from bootstrap.project import current
from bootstrap.semantic.house_rules import load_house_rules
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.statement import named

WRONG = ([], None, 3, [[1]], {"a": 1})
INNER_WORDS = re.compile(r"Input should|valid (string|dictionary|tuple|list)|validation|instance of|Value error")
KPI = ["description", "kind", "kept_by", "key", "references", "indexes", "time", "columns", "metrics", "filters"]
PLACES: list[tuple[str, Callable[[Path], object], list[list[Any]]]] = [
    ("mart/kpi.yml", load_layer, [[], *[[field] for field in KPI], ["columns", 1], ["columns", 1, "label"]]),
    ("metrics.yml", load_layer, [[], ["sales"], ["sales", "expression"]]),
    ("columns.yml", load_layer, [[], ["month"], ["month", "additive"]]),
    ("house_rules.yml", load_house_rules, [[], ["order"], ["order", "options"], ["order", "options", 0]]),
    ("segments.yml", read_lists, [[], ["rows"], ["rows", 0], ["rows", 0, "key"]]),
]


def with_value(data: Any, place: list[Any], value: Any) -> Any:
    if not place:
        return value
    step, *rest = place
    if isinstance(data, list):
        return [with_value(one, rest, value) if at == step else one for at, one in enumerate(data)]
    return {**data, step: with_value(data.get(step), rest, value)}


@pytest.fixture
def views(tmp_path: Path) -> Path:
    return Path(shutil.copytree(current().views, tmp_path / "views"))


def refusals(path: Path, load: Callable[[], object], texts: list[bytes]) -> Iterator[str]:
    for text in texts:
        path.write_bytes(text)
        try:
            load()
        except SpecError as error:
            yield str(error)


@pytest.mark.parametrize(("file", "load", "places"), PLACES, ids=[file for file, _, _ in PLACES])
def test_a_wrong_shape_is_refused_in_plain_words(views, file, load, places):
    data = yaml.safe_load((views / file).read_text(encoding="utf-8"))
    texts = [yaml.safe_dump(with_value(data, place, value)).encode() for place in places for value in WRONG]
    said = list(refusals(views / file, lambda: load(views), texts))
    assert len(said) > len(texts) / 2
    assert [one for one in said if INNER_WORDS.search(one)] == []


@pytest.mark.parametrize("file", ["mart/kpi.yml", "metrics.yml"])
def test_a_file_that_is_no_yaml_is_refused(views, file):
    texts = [b"", b"- a\n", b"3\n", b"a: [\n", b"\t\n", b"1: 2\n", b"a: *y\n", b"a: !!int x\n", b"\xff\xfe", b"a: \x00"]
    assert len(list(refusals(views / file, lambda: load_layer(views), texts))) == len(texts)


@pytest.mark.parametrize(
    ("sql", "reads"),
    [
        ("SELECT * FROM Mart.KPI", ["mart.kpi"]),
        ('select * from "mart"."kpi"', ["mart.kpi"]),
        ("select 1 -- from mart.other", []),
        ("select ' from mart.other' /* join mart.other */ as a", []),
        ("select * from mart.kpi, rollup.month", ["mart.kpi", "rollup.month"]),
        ("select (select max(month) from (rollup.month)) from\n  mart.kpi as mart", ["rollup.month", "mart.kpi"]),
        ("select * from generate_series(1, 2) as mart", []),
    ],
)
def test_what_a_twin_reads_is_read_as_sql(sql, reads):
    assert [place.relation for place in named(sql)] == reads


@pytest.mark.parametrize(
    ("sql", "line", "says"),
    [
        ("select 1\nfrom x x x", 2, "near 'x'"),
        ("drop schema mart", None, "one select is needed"),
        ("select 1; select 2", None, "one select is needed"),
    ],
)
def test_what_is_no_select_is_refused_with_its_line(views, sql, line, says):
    path = views / "mart/kpi.sql"
    path.write_text(sql, encoding="utf-8")
    with pytest.raises(SpecError, match=rf"{says}.*Fix the SQL") as caught:
        load_layer(views)
    assert (caught.value.path, caught.value.line) == (path, line)
