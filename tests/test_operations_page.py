"""Each command of docs/operations.md, run in the order of the page on a site of its own."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from bootstrap.errors import WOULD_CHANGE
from tests.conftest import REPOSITORY, SMALL_DUMP, MakeShop

PAGE = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines() if line.strip()
]
DAY = """invoice_no,stock_code,description,quantity,invoice_date,unit_price,customer_id,country
500017,1001,TEA CUP,1,2011-03-10 09:00:00,2.55,102,France
"""


def test_every_command_is_one_of_lgs() -> None:
    assert len(COMMANDS) == 18
    assert {command.partition(" ")[0] for command in COMMANDS} == {"lgs"}


@pytest.mark.stack
def test_the_commands_of_the_page_do_what_it_says(make_shop: MakeShop, tmp_path: Path) -> None:
    shop = make_shop()
    shutil.copy(SMALL_DUMP, tmp_path / "retail.sql")
    (tmp_path / "2011-03-10.csv").write_text(DAY)
    said = {}
    for command in COMMANDS:
        placed = re.sub("/srv/(shop|metrics)", str(tmp_path), command)
        done = shop.lgs(*shlex.split(placed)[1:], LGS_DISK_RESERVE="0")
        expected = WOULD_CHANGE if command == "lgs rollback --plan" else 0  # the file of the other plan is loaded
        assert done.returncode == expected, (command, done.stdout, done.stderr)
        said[command] = done.stdout
    assert "sales" in said["lgs history sales"]
    assert "lgs_healthy 1" in (tmp_path / "lgs.prom").read_text()
    assert (tmp_path / "lgs.tar").stat().st_size
