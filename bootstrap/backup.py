"""Carries the warehouse, Superset's metadata and all that users made there to another machine or edition.

A backup is one tar file, readable by its owner alone, since it holds the key that Superset encrypts passwords with::

    manifest.json       versions, time, that key
    warehouse.dump      pg_dump's custom format of the warehouse
    superset.dump       the same of Superset's metadata

A restore makes both databases aside and moves them in place whole; until then the old ones stand. The passwords of the
receiving side stay in force: those of the database roles, and those of the users admin, marketing and analyst.
"""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError
from sqlalchemy.engine import make_url

import bootstrap
from bootstrap.connection import administering, connected
from bootstrap.errors import CheckFailed, UsageError
from bootstrap.progress import Progress
from bootstrap.stack import Stack
from bootstrap.stack.account import client_program
from bootstrap.stack.rekey import rekey
from warehouse.roles import ensure_roles, grant_reading

FORMAT = 1
PARTS = {"warehouse": "warehouse.dump", "superset": "superset.dump"}


class Manifest(BaseModel):
    """What a backup says of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    made_at: datetime
    product: str
    superset: str
    secret_key: SecretStr

    def text(self) -> str:
        return json.dumps({**self.model_dump(mode="json"), "secret_key": self.secret_key.get_secret_value()}, indent=2)


def backup(stack: Stack, path: Path, *, progress: Progress) -> Manifest:
    """Write a backup of the running stack to ``path``; what is there is replaced only by a whole one."""
    manifest = Manifest(
        format=FORMAT,
        made_at=datetime.now(UTC),
        product=bootstrap.__version__,
        superset=version("apache-superset"),
        secret_key=SecretStr(stack.metadata.secret_key),
    )
    with _folder(path) as folder:
        (folder / "manifest.json").write_text(manifest.text())
        for name, url in _databases(stack).items():
            with progress.step(f"Back up {name}") as step:
                _run("pg_dump", url, "--format=custom", "--exclude-schema=*_old", f"--file={folder / PARTS[name]}")
                step.note = f"{(folder / PARTS[name]).stat().st_size / 1e6:,.1f} MB"
        making = folder / "backup.tar"
        with tarfile.open(making, "x") as archive:
            for member in ("manifest.json", *PARTS.values()):
                archive.add(folder / member, member)
        making.chmod(0o600)
        making.replace(path)
    return manifest


def restore(stack: Stack, path: Path, *, progress: Progress) -> Manifest:
    """Put what ``path`` holds in place of the stack's databases. An embedded Superset must be stopped.

    Raises ``UsageError`` for a file that is no backup or of a newer edition, ``CheckFailed`` when a database cannot be
    restored; the old databases then stand as they were.
    """
    manifest = read_manifest(path)
    with _folder(path) as folder:
        with tarfile.open(path, "r:") as archive:
            for part in PARTS.values():
                _extract(archive, part, folder / part)
        aside = {name: f"{make_url(url).database}_restoring" for name, url in _databases(stack).items()}
        for name, url in _databases(stack).items():
            with progress.step(f"Restore {name}"):
                _restore_aside(stack, name, url, aside[name], folder / PARTS[name])
    with progress.step("Put in place"):
        for name, url in _databases(stack).items():
            _swap(_administrator(stack, name), str(make_url(url).database), aside[name])
        stack.metadata.ensure()
        ensure_roles(stack.url("admin"), stack.credentials.roles)
        _grant(stack.url("warehouse"))
    with progress.step("Renew keys"):
        rekey(stack, manifest.secret_key.get_secret_value())
    return manifest


def _databases(stack: Stack) -> dict[str, str]:
    return {"warehouse": stack.url("warehouse"), "superset": stack.metadata.url}


def _administrator(stack: Stack, name: str) -> str:
    return stack.url("admin") if name == "warehouse" else stack.metadata.admin_url


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """A private folder beside ``path``, so that the finished file only has to be renamed."""
    if not path.parent.is_dir():
        raise UsageError(f"The folder {path.parent} does not exist. Make it, or name another file.")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        yield Path(folder)


def read_manifest(path: Path) -> Manifest:
    """What the backup says of itself. Raises ``UsageError`` for a file that is no backup, or not for this version."""
    try:
        with tarfile.open(path, "r:") as archive:
            for part in PARTS.values():
                archive.getmember(part)
            manifest = Manifest.model_validate_json(_file(archive, "manifest.json").read())
    except (OSError, tarfile.TarError, KeyError, ValidationError) as error:
        raise UsageError(
            f"{path} is not a backup that can be read ({error}). Name one that lgs backup wrote."
        ) from error
    if manifest.format > FORMAT or manifest.superset != version("apache-superset"):
        raise UsageError(
            f"{path} was made by lgs {manifest.product} with Superset {manifest.superset}; here is "
            f"{bootstrap.__version__} with {version('apache-superset')}. Restore it with the version that made it."
        )
    return manifest


def _extract(archive: tarfile.TarFile, member: str, target: Path) -> None:
    """Copy one member's content and nothing else of it: early releases of Python 3.11 have no filter for extraction."""
    with _file(archive, member) as stream, target.open("wb") as copy:
        shutil.copyfileobj(stream, copy)


def _file(archive: tarfile.TarFile, member: str) -> IO[bytes]:
    stream = archive.extractfile(member)
    if stream is None:
        raise KeyError(f"{member} is no file")
    return stream


def _restore_aside(stack: Stack, name: str, url: str, database: str, dump: Path) -> None:
    role = str(make_url(url).username)
    with administering(_maintenance(_administrator(stack, name))) as cursor:
        cursor.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database)))
        cursor.execute(
            sql.SQL("create database {} owner {} template template0").format(
                sql.Identifier(database), sql.Identifier(role)
            )
        )
    target = make_url(url).set(database=database).render_as_string(hide_password=False)
    _run("pg_restore", target, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(dump))


def _swap(admin_url: str, database: str, aside: str) -> None:
    names = {
        "now": sql.Identifier(database),
        "before": sql.Identifier(f"{database}_before"),
        "new": sql.Identifier(aside),
    }
    with administering(_maintenance(admin_url)) as cursor:
        cursor.execute(sql.SQL("drop database if exists {before} with (force)").format(**names))
        with _closed(cursor, names["now"]):
            cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [database])
            cursor.execute(sql.SQL("alter database {now} rename to {before}").format(**names))
        cursor.execute(sql.SQL("alter database {new} rename to {now}").format(**names))
        cursor.execute(sql.SQL("drop database {before} with (force)").format(**names))


@contextmanager
def _closed(cursor: Cursor, database: sql.Identifier) -> Iterator[None]:
    """Let nobody in, so that a running Superset cannot come back between being shown out and the renaming."""
    cursor.execute(sql.SQL("alter database {} allow_connections false").format(database))
    try:
        yield
    except psycopg2.Error:
        cursor.execute(sql.SQL("alter database {} allow_connections true").format(database))
        raise


def _grant(owner_url: str) -> None:
    with connected(owner_url) as connection, connection, connection.cursor() as cursor:
        grant_reading(cursor)


def _maintenance(admin_url: str) -> str:
    """The same server's database ``postgres``: nobody can rename the database they are in."""
    return str(make_url(admin_url).set(database="postgres").render_as_string(hide_password=False))


def _run(program: str, url: str, *options: str) -> None:
    """Run a PostgreSQL client program; the password travels in the environment, not on the command line."""
    parts = make_url(url)
    environment = {**os.environ, "PGPASSWORD": parts.password or "", "PGCONNECT_TIMEOUT": "10"}
    address = parts._replace(password=None).render_as_string()
    command = [str(client_program(program)), f"--dbname={address}", *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise CheckFailed(f"{program} failed: {done.stderr.strip()}. Nothing was replaced.")
