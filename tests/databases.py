"""Servers of other databases that lines are read from: a second PostgreSQL, and MariaDB. Each has one shop's table."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from bootstrap.database import Database, DatabaseUrl
from bootstrap.stack.postgres import EmbeddedPostgres
from tests.conftest import free_port
from tests.processes import program, running, until

HEADER = ("invoice_no", "stock_code", "description", "quantity", "invoice_date", "unit_price", "customer_id", "country")
COLUMNS = (
    "invoice_no varchar(20), stock_code varchar(20), description varchar(200), quantity integer, "
    "invoice_date {moment}, unit_price {price}, customer_id integer, country varchar(40)"
)
READER = "reader"
Row = Sequence[object]


@dataclass
class Shop:
    """A database with a table ``retail`` that the user ``reader`` may read."""

    admin: URL
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    @property
    def is_postgres(self) -> bool:
        return self.admin.get_backend_name() == "postgresql"

    @property
    def url(self) -> str:
        """Of the reader, with the password."""
        return self.admin.set(username=READER, password=self.password).render_as_string(hide_password=False)

    def table(self, name: str = "retail", *, look_back: int = 7, seconds: float = 20, url: str = "") -> Database:
        return Database(DatabaseUrl.read(url or self.url), name, look_back, seconds)

    def run(self, *statements: str) -> None:
        engine = create_engine(self.admin, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def make(self, rows: Iterable[Row], *, price: str = "decimal(12, 3)", moment: str = "") -> None:
        """The table with these rows, in place of the one before."""
        moment = moment or ("timestamp" if self.is_postgres else "datetime")
        cascade = "cascade" if self.is_postgres else ""
        self.run(
            f"drop table if exists retail {cascade}",
            f"create table retail ({COLUMNS.format(moment=moment, price=price)})",
        )
        self.run(f"grant select on retail to {READER}")
        self.add(rows)

    def add(self, rows: Iterable[Row], table: str = "retail") -> None:
        values = [dict(zip(HEADER, row, strict=True)) for row in rows]
        insert = f"insert into {table} ({', '.join(HEADER)}) values ({', '.join(f':{name}' for name in HEADER)})"
        if values:
            with create_engine(self.admin, poolclass=NullPool).begin() as connection:
                connection.execute(text(insert), values)


@contextmanager
def postgres_in(folder: Path) -> Iterator[Shop]:
    server = EmbeddedPostgres(folder / "other" / "postgres", free_port(), secrets.token_urlsafe(16))
    server.folder.parent.mkdir()
    server.start()
    shop = Shop(make_url(server.url()).set(database="sales"))
    Shop(make_url(server.url())).run("create database sales", f"create role {READER} login password '{shop.password}'")
    yield shop
    server.remove()


@contextmanager
def mariadb_in(folder: Path) -> Iterator[Shop]:
    """Skips where there is no MariaDB. The server runs as an account that it accepts; root is none."""
    server = program("mariadbd", "/usr/sbin/mariadbd", package="mariadb-server")
    install = program("mariadb-install-db", package="mariadb-server")
    data, port, log = folder / "mariadb", free_port(), folder / "mariadb.log"
    files = [f"--datadir={data}", "--no-defaults"]
    account = ["--user=root"] if os.geteuid() == 0 else []
    options = [f"--socket={data / 'socket'}", f"--port={port}", "--bind-address=127.0.0.1", *account]
    done = subprocess.run(
        [install, files[1], files[0], "--auth-root-authentication-method=normal", *account],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with running(server, "--no-defaults", files[0], *options, log=log):
        root = URL.create("mysql+pymysql", "root", host="127.0.0.1", port=port, query={"charset": "utf8mb4"})
        until(lambda: "ready for connections" in log.read_text(), log=log)
        shop = Shop(root.set(database="sales"))
        nobody = "delete from mysql.global_priv where user = ''"  # else it is taken for whoever comes from here
        user = f"create user {READER} identified by '{shop.password}'"
        Shop(root).run("create database sales character set utf8mb4", nobody, "flush privileges", user)
        yield shop
    shutil.rmtree(data)
