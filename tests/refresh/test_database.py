"""The commands of docs/databases.md read a real database, and nothing that they leave behind has its password."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy.engine import make_url
from typer.main import get_command

from bootstrap.cli import app
from bootstrap.credentials import ensure_credentials
from bootstrap.roles import ensure_roles
from tests.conftest import REPOSITORY
from tests.databases import READER, Row, Shop, mariadb_in, postgres_in

PAGE = (REPOSITORY / "docs" / "databases.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^lgs (.*)$", PAGE, re.MULTILINE)
ON_PAGE = {
    "PostgreSQL": "postgresql://reader@db.example.com:5432/sales",
    "MariaDB": "mysql+pymysql://reader@db.example.com/sales",
}


def line(number: str, day: str, quantity: int = 2) -> Row:
    return (number, "1001", "TEA CUP", quantity, f"{day} 09:00:00", "2.5", 101, "France")


LINES = [line("500001", "2011-01-03"), line("500002", "2011-02-10"), line("500003", "2011-03-01")]


@dataclass
class Command:
    """``lgs`` on a warehouse of its own. There is no Superset: what is loaded is committed before it is asked."""

    warehouse: str
    environment: dict[str, str]
    said: str = ""

    def run(self, arguments: str, shop: Shop | None = None, *, code: int = 3, **environment: str) -> str:
        """All that it prints. A URL of the page stands for the server of ``shop``."""
        for name in ON_PAGE.values():
            arguments = arguments.replace(name, without_password(shop)) if shop else arguments
        password = {"LGS_SOURCE_PASSWORD": shop.password} if shop else {}
        done = subprocess.run(
            [sys.executable, "-m", "bootstrap", *shlex.split(arguments)],
            cwd=REPOSITORY,
            env={**os.environ, **self.environment, **password, **environment},
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        self.said += done.stdout + done.stderr
        return done.stdout + done.stderr

    def ask(self, sql: str) -> list[tuple]:
        with closing(psycopg2.connect(self.warehouse)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()


def without_password(shop: Shop) -> str:
    return make_url(shop.url)._replace(password=None, query={}).render_as_string()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with postgres_in(tmp_path_factory.mktemp("postgres")) as shop:
        yield shop


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with mariadb_in(tmp_path_factory.mktemp("mariadb")) as shop:
        yield shop


@pytest.fixture
def lgs(postgres: Shop, tmp_path: Path) -> Iterator[Command]:
    admin = postgres.admin.set(database="lgs").render_as_string(hide_password=False)
    postgres.run("create database lgs")
    ensure_roles(admin, ensure_credentials(tmp_path).roles)
    superset = {"LGS_SUPERSET_URL": "http://127.0.0.1:1", "LGS_SUPERSET_PASSWORD": "not asked for"}
    yield Command(admin, {"LGS_HOME": str(tmp_path), "LGS_WAREHOUSE_URL": admin, **superset})
    postgres.run("drop database lgs with (force)")


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command: str) -> None:
    name, *arguments = shlex.split(command)
    context = get_command(app).commands[name].make_context(name, [*arguments])  # type: ignore[attr-defined]
    assert context.params["table"] == (arguments[arguments.index("--table") + 1] if "--table" in arguments else None)


def test_what_the_page_says_of_the_table_is_so(lgs: Command, postgres: Shop) -> None:
    whole, *_ = COMMANDS
    postgres.make(LINES)
    assert "3 read, 3 kept" in lgs.run(whole, postgres)
    assert "each day's content hash is what it was" in lgs.run(whole, postgres)

    postgres.add([line("500004", "2011-03-02"), line("500005", "2011-02-20")])
    said = lgs.run("refresh --append", postgres, LGS_SOURCE=without_password(postgres))
    assert "PostgreSQL table" in said
    assert "2 read, 2 kept" in said
    (warning,) = re.findall(r"^! the database differs.*", PAGE, re.MULTILINE)
    assert warning.replace("LGS_LOOK_BACK=12", "LGS_LOOK_BACK=10") in said

    assert "Data: nothing to do: the source's" in lgs.run("refresh", postgres)  # what was added stays
    assert "4 read, 4 kept" in lgs.run(
        "refresh --append", postgres, LGS_SOURCE=without_password(postgres), LGS_LOOK_BACK="20"
    )
    assert "5 read, 5 kept" in lgs.run(whole, postgres)
    assert lgs.ask("select count(*) from warehouse.line") == [(5,)]

    postgres.run("delete from retail where invoice_no = '500001'")
    assert "4 read, 4 kept" in lgs.run("refresh --allow-loss", postgres)  # read again, as it was
    nobody = lgs.run("refresh", code=2)
    assert "does not let reader in" in nobody
    assert "LGS_SOURCE_PASSWORD" in nobody

    status = json.loads(lgs.run("status --json", code=1))
    assert status["data"]["source"] == f"{without_password(postgres)}#retail"
    assert "sales#retail, added: " in lgs.run("history", code=0)
    kept = lgs.ask("select r::text from warehouse.receipt as r union all select s::text from landing.source as s")
    assert len(kept) > 5
    assert postgres.password not in f"{lgs.said}{kept}"


def test_what_the_page_says_of_mariadb_is_so(lgs: Command, mariadb: Shop, tmp_path: Path) -> None:
    _, archive, append, *_ = COMMANDS
    mariadb.make(LINES)
    mariadb.run("create schema archive", "create table archive.retail as select * from retail")
    mariadb.run(f"grant select on archive.retail to {READER}")
    assert "3 read, 3 kept" in lgs.run(archive, mariadb)
    mariadb.add([line("500004", "2011-03-02")])
    assert "2 read, 2 kept" in lgs.run(append, mariadb)
    assert lgs.ask("select count(*) from warehouse.line") == [(4,)]

    options = tmp_path / "my.cnf"
    options.write_text(f"[client]\npassword={mariadb.password}\n")
    url = f"{without_password(mariadb)}?read_default_file={options}"
    said = lgs.run("refresh", LGS_SOURCE=url)
    assert "4 read, 4 kept" in said
    assert str(options) not in said
    again = lgs.run("refresh", code=2)
    assert "with options in its URL that no receipt keeps. Name it to read it again: lgs refresh --source URL" in again
    kept = lgs.ask("select r::text from warehouse.receipt as r union all select s::text from landing.source as s")
    assert mariadb.password not in f"{lgs.said}{kept}"


def test_a_password_on_the_command_line_is_taken_with_a_hint(lgs: Command, postgres: Shop) -> None:
    postgres.make(LINES)
    said = lgs.run(f"refresh --plan --source {postgres.url}")
    assert "3 read, 3 kept" in said
    assert "Everybody on this machine can see the password in --source. Set it in LGS_SOURCE_PASSWORD instead." in said
    assert postgres.password not in said


def test_every_setting_of_a_database_is_on_the_page() -> None:
    for name in ("LGS_SOURCE", "LGS_TABLE", "LGS_SOURCE_PASSWORD", "LGS_LOOK_BACK", "LGS_SOURCE_TIMEOUT"):
        assert f"`{name}`" in PAGE
