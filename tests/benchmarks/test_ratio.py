"""The tables of times: a bound holds or it does not, in either direction, and the other forms hold the same lines."""

import gzip
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.ratio import Ratio, fastest, show
from benchmarks.sources import inserts
from warehouse.demo import write_demo


@pytest.mark.parametrize(
    ("seconds", "base", "bound", "above", "value", "holds"),
    [
        (12.0, 2.0, 8, False, 6.0, True),
        (16.0, 2.0, 8, False, 8.0, True),
        (16.2, 2.0, 8, False, 8.1, False),
        (2.0, 20.0, 10, True, 10.0, True),
        (2.0, 19.0, 10, True, 9.5, False),
    ],
)
def test_a_ratio_passes_up_to_its_bound(
    seconds: float, base: float, bound: float, above: bool, value: float, holds: bool
) -> None:
    ratio = Ratio("ours", "theirs", seconds, base, bound, above=above)
    assert ratio.value == pytest.approx(value)
    assert ratio.holds is holds


def test_the_table_says_what_misses_and_why() -> None:
    printed = StringIO()
    ratios = [Ratio("fast", "base", 0.1, 1, 8), Ratio("slow", "base", 9, 1, 8, why="It reads the file twice.")]
    show("Times", ratios, Console(file=printed, width=140))
    lines = printed.getvalue().splitlines()
    assert [line.split()[-2] for line in lines if line.startswith("| ")][1:] == ["pass", "MISS"]
    assert lines[-1] == "- It reads the file twice."


def test_the_fastest_round_counts_and_all_take_turns() -> None:
    calls: list[str] = []
    times = fastest(3, [lambda: calls.append("a"), lambda: calls.append("b")])
    assert calls == ["a", "b"] * 3
    assert len(times) == 2
    assert min(times) > 0


def test_the_insert_form_holds_the_lines_of_the_copy_form(tmp_path: Path, empty_database) -> None:  # type: ignore[no-untyped-def]
    dump, form = tmp_path / "shop.sql.gz", tmp_path / "inserts.sql"
    write_demo(dump, lines=3000, seed=2)
    assert inserts(dump, form) == 3000
    assert inserts(dump, tmp_path / "few.sql", lines=10) == 10
    text = gzip.decompress(dump.read_bytes()).decode()
    rows = text[text.index("FROM stdin;\n") + len("FROM stdin;\n") : text.index("\\.\n")]
    (tmp_path / "rows").write_text(rows)
    statements = [line for line in form.read_text().splitlines() if line.startswith("INSERT")]
    with empty_database.connect("admin") as connection, connection.cursor() as cursor:
        cursor.execute(text[text.index("CREATE TABLE") : text.index("ALTER TABLE")])
        cursor.execute("create table public.copied (like public.retail)")
        cursor.execute("".join(statements))
        with (tmp_path / "rows").open() as file:
            cursor.copy_expert("copy public.copied from stdin", file)
        cursor.execute(
            "select count(*) from (table public.retail except all table public.copied) as lines_of_one_form_only"
        )
        assert cursor.fetchone() == (0,)
        cursor.execute("select count(*) from public.retail")
        assert cursor.fetchone() == (3000,)
