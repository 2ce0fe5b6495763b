"""The server that the times are taken on: an embedded PostgreSQL of its own, with a fresh database for each run."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from bootstrap.roles import ensure_roles
from bootstrap.stack.account import binaries, server_account
from bootstrap.stack.postgres import EmbeddedPostgres
from tests.conftest import execute, free_port

ROLES = ("lgs_owner", "lgs_reader", "lgs_analyst")


@dataclass(frozen=True)
class Server:
    """A running server. ``password`` is that of the superuser and of each role."""

    admin_url: str
    password: str

    @contextmanager
    def database(self) -> Iterator["Database"]:
        """An empty database, dropped afterwards."""
        name = f"bench_{secrets.token_hex(4)}"
        execute(self.admin_url, f"create database {name}")
        yield Database(urlunsplit(urlsplit(self.admin_url)._replace(path=f"/{name}")), self.password)
        execute(self.admin_url, f"drop database {name} with (force)")

    def settle(self) -> None:
        """Write out what earlier work left, so that the next does not pay for it."""
        execute(self.admin_url, "checkpoint")


@dataclass(frozen=True)
class Database:
    """An empty database of the server."""

    admin_url: str
    password: str

    def owner_url(self) -> str:
        """The address of ``lgs_owner``, whose roles and rights are made here."""
        ensure_roles(self.admin_url, dict.fromkeys(ROLES, self.password))
        parts = urlsplit(self.admin_url)
        return urlunsplit(parts._replace(netloc=f"lgs_owner:{self.password}@{parts.hostname}:{parts.port}"))

    def psql(self, file: Path, *options: str) -> None:
        """Run a dump through the server's own psql. Raises ``CalledProcessError`` when it fails."""
        command = f'"$0" -X -q -v ON_ERROR_STOP=1 "$@" >{os.devnull}'
        if file.suffix == ".gz":
            command = f'gzip -dc "$FILE" | {command}'
        else:
            command += ' <"$FILE"'
        program = binaries(server_account()) / "psql"
        call = ["sh", "-c", command, str(program), *options, self.admin_url]
        subprocess.run(call, check=True, env={**os.environ, "FILE": str(file)})


@contextmanager
def embedded(folder: Path) -> Iterator[Server]:
    """A server in ``folder`` on a free port, removed at the end."""
    password = secrets.token_urlsafe(16)
    postgres = EmbeddedPostgres(folder / "postgres", free_port(), password)
    postgres.start()
    try:
        yield Server(postgres.url(), password)
    finally:
        postgres.remove()
