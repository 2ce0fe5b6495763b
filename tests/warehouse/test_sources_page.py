"""The examples of docs/sources.md do what the page says."""

import re
import shlex
from itertools import pairwise

import pytest
from typer.main import get_command

from bootstrap.cli import app
from bootstrap.errors import SourceError
from tests.conftest import REPOSITORY
from tests.warehouse.shop import ask, run_load
from warehouse.maps import Map, said
from warehouse.sources import open_source

PAGE = (REPOSITORY / "docs" / "sources.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`([\w.-]+)`:\n\n```(?:csv|yaml)\n(.*?)```", PAGE, re.DOTALL))
QUERIES = re.findall(r"```sql\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^lgs (.*)$", PAGE, re.MULTILINE)


def table(text):
    """Cells of a table drawn with bars."""
    return [[cell.strip() for cell in line.split(" | ")] for line in text.strip().splitlines()]


def printed(value):
    """As psql prints it, but with commas where a rejected line has tabs."""
    return "ft"[value] if isinstance(value, bool) else str(value).replace("\t", ",")


def test_the_page_has_its_examples():
    assert sorted(FILES) == ["december.csv", "misspelt.csv", "stock.csv", "stock.yml", "uk-december.csv"]
    assert (len(QUERIES), len(COMMANDS)) == (2, 7)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    name, *arguments = shlex.split(command)
    context = get_command(app).commands[name].make_context(name, [*arguments])
    sources = context.params["source"]
    assert [str(path) for path in (sources if isinstance(sources, list) else [sources])] == [
        following for option, following in pairwise(arguments) if option == "--source"
    ]


def test_the_example_gives_what_the_page_shows(database, tmp_path):
    path = tmp_path / "december.csv"
    path.write_text(FILES["december.csv"], encoding="utf-8")
    done = run_load(database, path, max_rejects=0.5)
    assert (done.lines_read, done.lines_kept) == (6, 4)
    for query, shown in QUERIES:
        assert [[printed(value) for value in row] for row in ask(database, query)] == table(shown)[1:]


def placed(tmp_path, name):
    path = tmp_path / name
    path.write_text(FILES[name], encoding="utf-8")
    return path


def test_the_misspelt_column_says_what_the_page_shows(tmp_path):
    path = placed(tmp_path, "misspelt.csv")
    with pytest.raises(SourceError) as refused:
        open_source(path)
    assert str(refused.value).replace(f"{tmp_path}/", "") in PAGE.splitlines()


def test_dates_that_nothing_decides_say_what_the_page_shows(database, tmp_path):
    path = placed(tmp_path, "uk-december.csv")
    with pytest.raises(SourceError) as refused:
        run_load(database, path)
    assert str(refused.value).replace(f"{tmp_path}/", "") in PAGE.splitlines()
    run_load(database, path, how=said(dates="day-first"))
    assert ask(database, "select month::text, lines from warehouse.month") == [("2010-12-01", 2)]


def test_the_map_on_the_page_reads_its_file(database, tmp_path):
    run_load(database, placed(tmp_path, "stock.csv"), how=said(placed(tmp_path, "stock.yml")))
    sql = "select invoice_no, amount::float, customer_id, country from warehouse.line order by line_id"
    assert ask(database, sql) == [
        ("536365", 15.3, 17850, "Unspecified"),
        ("536366", 18.5, None, "Unspecified"),
    ]


def test_every_key_of_a_map_is_on_the_page():
    keys = re.findall(r"^\| ([a-z_, ]+) \|", PAGE.partition("| key | meaning |")[2].partition("\n\n")[0], re.MULTILINE)
    assert sorted(", ".join(keys).split(", ")) == sorted(Map.model_fields)


def test_types_and_rejects_on_the_page_are_those_of_the_code():
    types = re.search(
        r"case\n(.*?)end as line_type", (REPOSITORY / "warehouse/sql/classified.sql").read_text(), re.DOTALL
    )
    kinds = re.findall(r"(?:then|else) '(\w+)'", types[1])
    assert re.findall(r"^\| (\w+) \|", PAGE.partition("## What a line becomes")[2], re.MULTILINE)[1:] == kinds
