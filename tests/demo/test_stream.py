"""The demo shop's file: whole, the same for the same seed, in the format of the dump, and written in flat memory."""

import gzip
import hashlib
import subprocess
import sys
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from bootstrap.errors import UsageError
from warehouse.demo import write_demo
from warehouse.demo.shop import is_open

COLUMNS = 8


def lines_of(path: Path) -> list[list[str]]:
    """The data lines of a dump, each split into its columns as they stand."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="\n") as file:
        text = file.read()
    _, _, data = text.partition(" FROM stdin;\n")
    return [line.split("\t") for line in data[: data.index("\\.\n")].splitlines()]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    path = tmp_path_factory.mktemp("demo") / "shop.sql"
    write_demo(path, lines=60_000, seed=7)
    return lines_of(path)


@pytest.mark.parametrize("name", ["shop.sql", "shop.sql.gz"])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    paths = [tmp_path / folder / name for folder in ("one", "two", "three")]
    for path, seed in zip(paths, (5, 5, 6), strict=True):
        path.parent.mkdir()
        write_demo(path, lines=3000, seed=seed)
    assert digest(paths[0]) == digest(paths[1]) != digest(paths[2])


def test_the_packed_file_holds_the_plain_one(tmp_path: Path) -> None:
    write_demo(tmp_path / "shop.sql", lines=500)
    write_demo(tmp_path / "shop.sql.gz", lines=500)
    assert gzip.decompress((tmp_path / "shop.sql.gz").read_bytes()) == (tmp_path / "shop.sql").read_bytes()


@pytest.mark.parametrize(
    ("lines", "start", "end"),
    [
        (1, date(2009, 12, 1), date(2011, 12, 9)),
        (37, date(2010, 6, 1), date(2010, 6, 1)),
        (20_000, date(2010, 6, 1), date(2010, 6, 1)),
        (4999, date(2010, 1, 1), date(2010, 12, 31)),
        (10_001, date(2001, 1, 1), date(2020, 12, 31)),
    ],
)
def test_it_writes_exactly_the_lines_asked_for(tmp_path: Path, lines: int, start: date, end: date) -> None:
    path = tmp_path / "shop.sql"
    assert write_demo(path, lines=lines, start=start, end=end) == lines
    written = lines_of(path)
    assert len(written) == lines
    assert {start <= datetime.fromisoformat(line[4]).date() <= end for line in written} == {True}


def test_each_line_has_the_columns_and_types_of_the_hand_over(shop: list[list[str]]) -> None:
    assert {len(line) for line in shop} == {COLUMNS}
    for invoice_no, stock_code, _, quantity, invoice_date, unit_price, customer_id, country in shop:
        assert invoice_no.lstrip("CA").isdigit()
        assert stock_code == stock_code.strip() != ""
        assert int(quantity) != 0
        assert datetime.fromisoformat(invoice_date)
        assert unit_price == f"{float(unit_price):.10g}"
        assert customer_id == "\\N" or customer_id.isdigit()
        assert country


def test_a_backslash_is_escaped_as_copy_wants_it(tmp_path: Path) -> None:
    path = tmp_path / "shop.sql"
    write_demo(path, lines=100_000, seed=2)
    odd = [line[2] for line in lines_of(path) if "\\" in line[2] and line[2] != "\\N"]
    assert odd
    assert all("\\" not in text.replace("\\\\", "") for text in odd)


def test_the_frame_is_that_of_the_hand_over(tmp_path: Path, real_dump: Path) -> None:
    write_demo(tmp_path / "shop.sql", lines=10)
    ours = (tmp_path / "shop.sql").read_text().splitlines()
    with gzip.open(real_dump, "rt", encoding="utf-8") as file:
        theirs = [next(file).rstrip("\n") for _ in range(len(ours))]
    start = next(number for number, line in enumerate(theirs) if line.endswith("FROM stdin;"))
    version = next(number for number, line in enumerate(theirs) if "from database version" in line)
    assert [line for number, line in enumerate(ours[: start + 1]) if number != version] == [
        line for number, line in enumerate(theirs[: start + 1]) if number != version
    ]


def test_postgres_reads_it_as_it_stands(tmp_path: Path, empty_database) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "shop.sql"
    write_demo(path, lines=5000)
    head, _, data = path.read_text().partition("COPY public.retail")
    columns, _, rows = data.partition(" FROM stdin;\n")
    (tmp_path / "rows").write_text(rows[: rows.index("\\.\n")])
    with empty_database.connect("admin") as connection, connection.cursor() as cursor:
        cursor.execute(head[head.index("CREATE TABLE") : head.index("ALTER TABLE")])
        with (tmp_path / "rows").open() as file:
            cursor.copy_expert(f"copy public.retail {columns} from stdin", file)
        cursor.execute("select count(*), count(*) filter (where quantity < 0) > 0 from public.retail")
        assert cursor.fetchone() == (5000, True)


def test_the_shop_is_closed_on_saturdays_and_over_christmas(shop: list[list[str]]) -> None:
    days = {datetime.fromisoformat(line[4]).date() for line in shop}
    assert 5 not in {day.weekday() for day in days}
    assert not {day for day in days if (day.month, day.day) in {(12, 25), (12, 26), (1, 1)}}
    assert date(2010, 4, 4) not in days  # Easter
    assert {7 <= datetime.fromisoformat(line[4]).hour < 21 for line in shop} == {True}


def test_the_first_nine_days_of_the_second_december_stand_twice(shop: list[list[str]]) -> None:
    numbers = [number for number, line in enumerate(shop) if "2010-12-01" <= line[4] < "2010-12-10"]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    block = shop[numbers[0] : numbers[-1] + 1]
    half = len(block) // 2
    assert half > 500
    assert block[:half] == block[half:]


def test_a_shorter_shop_has_no_copies(tmp_path: Path) -> None:
    path = tmp_path / "shop.sql"
    write_demo(path, lines=5000, start=date(2010, 12, 1), end=date(2010, 12, 20))
    days = [line[4][:10] for line in lines_of(path)]
    assert days == sorted(days)


def test_cancellations_take_back_lines_of_orders(shop: list[list[str]]) -> None:
    ordered: dict[tuple[str, str, str], str] = {}
    matched = total = 0
    for invoice_no, stock_code, _, quantity, invoice_date, unit_price, customer_id, _ in shop:
        key = (customer_id, stock_code, unit_price)
        if invoice_no.startswith("C") and stock_code[:5].isdigit():
            assert int(quantity) < 0
            total += 1
            matched += ordered.get(key, "9") <= invoice_date
        elif int(quantity) > 0:
            ordered.setdefault(key, invoice_date)
    assert total > 500
    assert matched == total


def test_each_trap_of_the_real_data_is_there(shop: list[list[str]]) -> None:
    codes = Counter(line[1] for line in shop)
    fees = ["POST", "DOT", "M", "D", "S", "C2", "BANK CHARGES", "AMAZONFEE", "CRUK", "ADJUST", "TEST001", "B"]
    assert [code for code in fees if not codes[code]] == []
    assert any(code.startswith("gift_0001_") for code in codes)
    adjustments = [line for line in shop if line[0].startswith("A")]
    assert [line for line in adjustments if float(line[5]) >= 0] == []
    assert len(adjustments) == 3
    write_offs = [line for line in shop if int(line[3]) < 0 and not line[0].startswith("C")]
    assert {(float(line[5]), line[6]) for line in write_offs} == {(0.0, "\\N")}
    assert {line[2] == "\\N" for line in write_offs} == {True, False}
    assert any(line[2].startswith(" ") for line in shop)
    assert any(line[2].endswith(" ") for line in shop)
    outside = [tuple(line) for line in shop if not "2010-12-01" <= line[4] < "2010-12-10"]
    assert 0.002 < 1 - len(set(outside)) / len(outside) < 0.06
    countries: dict[str, set[str]] = {}
    for line in shop:
        countries.setdefault(line[6], set()).add(line[7])
    assert len({line[7] for line in shop}) > 30
    assert all(len(places) <= 2 for customer, places in countries.items() if customer != "\\N")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"lines": 0}, "Give --lines a number from 1 up"),
        ({"seed": -1}, "Give --seed a number from 0 up"),
        ({"start": date(2011, 1, 2), "end": date(2011, 1, 1)}, "not before the start"),
        ({"start": date(2010, 12, 25), "end": date(2010, 12, 27)}, "closed on every day"),
    ],
)
def test_a_shop_that_cannot_be_is_refused(tmp_path: Path, options: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        write_demo(tmp_path / "shop.sql", **options)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_demo(tmp_path / "absent" / "shop.sql", lines=10)
    (tmp_path / "folder.sql").mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        write_demo(tmp_path / "folder.sql", lines=10)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.sql"]


def test_memory_stays_flat_while_lines_grow_tenfold(tmp_path: Path) -> None:
    small, large = (peak_megabytes(tmp_path / "shop.sql", lines) for lines in (200_000, 2_000_000))
    assert large - small < 20


def test_a_day_of_many_lines_does_not_stand_in_memory(tmp_path: Path) -> None:
    one_day = date(2010, 11, 11), date(2010, 11, 11)
    small, large = (peak_megabytes(tmp_path / "shop.sql", lines, *one_day) for lines in (20_000, 500_000))
    assert large - small < 40


def peak_megabytes(path: Path, lines: int, start: date = date(2009, 12, 1), end: date = date(2011, 12, 9)) -> float:
    """The most memory that a process of its own held while it wrote the shop."""
    program = (
        "import resource, sys; from datetime import date; from pathlib import Path\n"
        "from warehouse.demo import write_demo\n"
        "path, lines, start, end = sys.argv[1:]\n"
        "write_demo(Path(path), lines=int(lines), start=date.fromisoformat(start), end=date.fromisoformat(end))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    call = [sys.executable, "-c", program, str(path), str(lines), str(start), str(end)]
    return float(subprocess.run(call, check=True, capture_output=True, text=True).stdout)


@pytest.mark.parametrize("easter", [date(2010, 4, 4), date(2011, 4, 24), date(2024, 3, 31)])
def test_the_shop_is_closed_over_easter_as_the_almanac_has_it(easter: date) -> None:
    days = [easter + timedelta(days=days) for days in (-3, -2, 0, 1, 2)]
    assert [is_open(day) for day in days] == [True, False, False, False, True]
