"""Carries the warehouse, Superset's metadata and all that users made there to another machine or edition.

A backup is one tar file, readable by its owner alone, since it holds the key that Superset encrypts passwords with::

    manifest.json       versions, time, that key
    warehouse.dump      pg_dump's custom format of the warehouse
    superset.dump       the same of Superset's metadata

A restore makes both databases aside, ready to be used, and then gives them the names of the old ones, which stand until
then. The passwords of the receiving side stay in force: those of the database roles, those that people chose there, and
those in its credentials.env of users who chose none, neither there nor before the backup.
"""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

from psycopg2 import errors, sql
from psycopg2.extensions import cursor as Cursor
from pydantic import Field, SecretStr, ValidationError
from sqlalchemy.engine import make_url
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt

import bootstrap
from bootstrap.connection import administering, alone, connected
from bootstrap.errors import CheckFailed, UsageError
from bootstrap.lines import lines
from bootstrap.progress import Progress
from bootstrap.roles import ensure_roles, grant_reading
from bootstrap.stack import Stack
from bootstrap.stack.account import client_program
from bootstrap.stack.address import replaced
from bootstrap.stack.passwords import chosen
from bootstrap.stack.rekey import rekey
from bootstrap.values import Spec

FORMAT = 1
PARTS = {"warehouse": "warehouse.dump", "superset": "superset.dump"}


class Manifest(Spec):
    """What a backup says of itself."""

    format: int
    made_at: datetime
    product: str
    superset: str
    tables: str = Field("", description="revision of the warehouse's tables")
    secret_key: SecretStr
    chosen: frozenset[str] = Field(frozenset(), description="users whose password is of their own choice")

    def text(self) -> str:
        return json.dumps({**self.model_dump(mode="json"), "secret_key": self.secret_key.get_secret_value()}, indent=2)


def backup(stack: Stack, path: Path, *, progress: Progress) -> Manifest:
    """Write a backup of the running stack to ``path``; what is there is replaced only by a whole one.

    It holds the lock of the refresh, whose exchange of schemas a running ``pg_dump`` would see half of. Raises
    ``Locked`` when a refresh or publish runs, ``Unreachable`` when a database does not answer, ``UsageError`` for a
    folder that cannot be written to.
    """
    manifest = Manifest(
        format=FORMAT,
        made_at=datetime.now(UTC),
        product=bootstrap.__version__,
        superset=version("apache-superset"),
        tables=lines().revision(),
        secret_key=SecretStr(stack.metadata.secret_key),
        chosen=frozenset(chosen(stack.metadata.url, stack.credentials.users)),
    )
    with (
        alone(stack.url("warehouse")),
        connected(stack.metadata.url),  # pg_dump would not say which setting to change
        _scratch(path.parent) as folder,
    ):
        (folder / "manifest.json").write_text(manifest.text())
        for name, url in {"warehouse": stack.url("warehouse"), "superset": stack.metadata.url}.items():
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

    Raises ``UsageError`` for a file that is no backup or of a newer edition, ``Locked`` when a refresh or publish runs,
    ``CheckFailed`` when a database cannot be restored. Until both are in place the old ones stand as they were,
    whatever is raised, and also when it is killed.
    """
    manifest = read_manifest(path)
    admin_urls = [stack.url("admin"), replaced(stack.metadata.admin_url, database=stack.metadata.database)]
    folder = stack.settings.state / "restoring"
    with alone(stack.url("warehouse")):
        _clear(admin_urls, folder)  # what a killed run left
        try:
            folder.mkdir(mode=0o700)
            with tarfile.open(path, "r:") as archive:
                for name, make in {"warehouse": _make_warehouse, "superset": _make_metadata}.items():
                    with progress.step(f"Restore {name}"):
                        _extract(archive, PARTS[name], folder / PARTS[name])
                        make(stack, folder / PARTS[name])
            with progress.step("Renew keys"):
                rekey(
                    stack,
                    _aside(stack.metadata.url),
                    manifest.secret_key.get_secret_value(),
                    chosen_there=manifest.chosen,
                )
            with progress.step("Put in place"):
                put_in_place(admin_urls)
        finally:
            _clear(admin_urls, folder)
    return manifest


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    """A private folder. Raises ``UsageError`` where none can be made."""
    try:
        folder = tempfile.TemporaryDirectory(dir=parent, prefix=".backup-")
    except OSError as error:
        raise UsageError(f"{parent} cannot be written to ({error.strerror}). Choose another folder.") from error
    with folder as name:
        yield Path(name)


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
    is_newer = manifest.format > FORMAT or manifest.tables > lines().revision()
    if is_newer or manifest.superset != version("apache-superset"):
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


def _make_warehouse(stack: Stack, dump: Path) -> None:
    """Make it aside, with its roles and their rights."""
    owner, admin = _aside(stack.url("warehouse")), _aside(stack.url("admin"))
    names = {"database": sql.Identifier(_name(owner)), "owner": sql.Identifier(str(make_url(owner).username))}
    with administering(_maintenance(admin)) as cursor:
        cursor.execute(sql.SQL("create database {database} owner {owner} template template0").format(**names))
    _fill(owner, dump)
    ensure_roles(admin, stack.credentials.roles)
    with connected(owner) as connection, connection, connection.cursor() as cursor:
        grant_reading(cursor)


def _make_metadata(stack: Stack, dump: Path) -> None:
    metadata = replace(stack.metadata, database=_name(_aside(stack.metadata.url)))
    metadata.ensure()
    _fill(metadata.url, dump)


def _fill(url: str, dump: Path) -> None:
    _run("pg_restore", url, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(dump))


def put_in_place(admin_urls: Sequence[str]) -> None:
    """Give the databases that were made aside the names of the old ones: on one server all or none.

    Raises ``CheckFailed`` when somebody does not let go of an old one; nothing was replaced then.
    """
    # A running Superset may come back between being shown out and the renaming.
    again = Retrying(retry=retry_if_exception_type(errors.QueryCanceled), stop=stop_after_attempt(20))
    try:
        again(_exchange, admin_urls)
    except RetryError as error:
        raise CheckFailed(
            "The old databases are in use by what comes back whenever it is shown out. Nothing was replaced. "
            "Close it, and restore again."
        ) from error


def _exchange(admin_urls: Sequence[str]) -> None:
    """In one transaction on each server, and all are committed only when all are done.

    Raises ``QueryCanceled`` when somebody is still in after a second, in which newcomers have to wait.
    """
    with ExitStack() as sessions:
        servers = {url: sessions.enter_context(connected(url)) for url in dict.fromkeys(map(_maintenance, admin_urls))}
        for url in admin_urls:
            with servers[_maintenance(url)].cursor() as cursor:
                cursor.execute("set local statement_timeout = '1s'")
                _rename(cursor, _name(url), to=_name(_before(url)))
                _rename(cursor, _name(_aside(url)), to=_name(url))
        for connection in servers.values():
            connection.commit()


def _rename(cursor: Cursor, database: str, *, to: str) -> None:
    cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [database])
    cursor.execute(sql.SQL("alter database {} rename to {}").format(sql.Identifier(database), sql.Identifier(to)))


def _clear(admin_urls: Sequence[str], folder: Path) -> None:
    """Drop what was made aside and not put in place, and what was replaced."""
    shutil.rmtree(folder, ignore_errors=True)
    for url in admin_urls:
        with administering(_maintenance(url)) as cursor:
            for name in (_name(_aside(url)), _name(_before(url))):
                cursor.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _name(url: str) -> str:
    return str(make_url(url).database)


def _aside(url: str) -> str:
    return replaced(url, database=f"{_name(url)}_restoring")


def _before(url: str) -> str:
    return replaced(url, database=f"{_name(url)}_before")


def _maintenance(url: str) -> str:
    """The same server's database ``postgres``: nobody can rename the database they are in."""
    return replaced(url, database="postgres")


def _run(program: str, url: str, *options: str) -> None:
    """Run a PostgreSQL client program; the password travels in the environment, not on the command line."""
    parts = make_url(url)
    environment = {**os.environ, "PGPASSWORD": parts.password or "", "PGCONNECT_TIMEOUT": "10"}
    address = parts._replace(password=None).render_as_string()
    command = [str(client_program(program)), f"--dbname={address}", *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise CheckFailed(f"{program} failed: {done.stderr.strip()}. Nothing was replaced.")
