"""The servers: an embedded PostgreSQL and Superset, or those that the settings name instead.

=================  ==========================  ================================================================
LGS_WAREHOUSE_URL  LGS_SUPERSET_URL            what is started here
=================  ==========================  ================================================================
not set            not set                     PostgreSQL (databases ``lgs`` and ``superset``) and Superset
not set            set                         PostgreSQL (database ``lgs``)
set                not set                     Superset; its metadata lies on the named server in a database
                                               ``superset`` of its own, or in an embedded PostgreSQL: when it was
                                               there before, or that server lets us make no database, or holds
                                               one of that name that is not ours
set                set                         nothing
=================  ==========================  ================================================================

The user of LGS_WAREHOUSE_URL administers that database: the three ``lgs_*`` roles are made with it.
"""

import os
import shutil
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg2

from bootstrap.credentials import FILE, Credentials, ensure_credentials, load_credentials
from bootstrap.errors import UsageError
from bootstrap.progress import Progress
from bootstrap.settings import Settings
from bootstrap.stack import address, external
from bootstrap.stack.account import unsettle
from bootstrap.stack.lock import exclusive
from bootstrap.stack.metadata import Metadata
from bootstrap.stack.postgres import EmbeddedPostgres
from bootstrap.stack.site import EmbeddedSuperset, Launch
from bootstrap.stack.status import Status, report
from warehouse.roles import ensure_roles

__all__ = ["Stack", "Status", "connect", "ready", "remove", "start", "status", "stop"]

WAREHOUSE_SETTING = "LGS_WAREHOUSE_URL"
DATABASE = "lgs"
_ROLES = {"warehouse": "lgs_owner", "reader": "lgs_reader", "analyst": "lgs_analyst"}


@dataclass(frozen=True)
class Stack:
    """The servers of one state folder and the addresses under which each role reaches them."""

    settings: Settings
    credentials: Credentials

    def url(self, name: str) -> str:
        """One address, password included.

        ``warehouse`` (the owner), ``reader``, ``analyst`` and ``admin`` (who made those roles) are the warehouse
        database; ``metadata`` is Superset's own; ``superset`` is the site, for a browser. Raises ``UsageError`` for
        any other name.
        """
        if name in _ROLES:
            role = _ROLES[name]
            return address.replaced(self._admin_url, username=role, password=self.credentials.roles[role])
        others = {"admin": lambda: self._admin_url, "metadata": lambda: self.metadata.url, "superset": self._site_url}
        if name not in others:
            raise UsageError(f"There is no address {name}. Choose one of {', '.join([*_ROLES, *others])}.")
        return others[name]()

    @property
    def superset_url(self) -> str:
        return (self.settings.superset_url or self.superset.url).rstrip("/")

    @property
    def superset_username(self) -> str:
        """An administrator of Superset."""
        return self.settings.superset_username if self.settings.superset_url else "admin"

    @property
    def superset_password(self) -> str:
        if self.settings.superset_url and self.settings.superset_password:
            return self.settings.superset_password.get_secret_value()
        return self.credentials.users["admin"]

    @cached_property
    def postgres(self) -> EmbeddedPostgres:
        return embedded_postgres(self.settings, self.credentials)

    @cached_property
    def superset(self) -> EmbeddedSuperset:
        return embedded_superset(self.settings)

    @cached_property
    def metadata(self) -> Metadata:
        """Superset's metadata database: where it is; else beside the warehouse, if that server takes it."""
        beside = self._metadata_on(self._admin_url)
        if self.settings.warehouse_url is None or beside.present():
            return beside
        was_embedded = os.path.lexists(self.postgres.folder)
        return self._metadata_on(self.postgres.url()) if was_embedded or not beside.possible() else beside

    @property
    def launch(self) -> Launch:
        """What the embedded Superset is started with."""
        return Launch(
            metadata_url=self.metadata.url,
            secret_key=self.credentials.superset_secret_key.get_secret_value(),
            admin_password=self.credentials.users["admin"],
            workers=self.settings.superset_workers,
        )

    def _metadata_on(self, admin_url: str) -> Metadata:
        secrets = self.credentials
        return Metadata(
            admin_url, secrets.lgs_superset.get_secret_value(), secrets.superset_secret_key.get_secret_value()
        )

    @cached_property
    def _admin_url(self) -> str:
        if self.settings.warehouse_url is None:
            return self.postgres.url(DATABASE)
        return address.parse(self.settings.warehouse_url.get_secret_value(), setting=WAREHOUSE_SETTING)

    def _site_url(self) -> str:
        parts = urlsplit(self.superset_url)
        user = f"{quote(self.superset_username, safe='')}:{quote(self.superset_password, safe='')}"
        return parts._replace(netloc=f"{user}@{parts.netloc.rpartition('@')[2]}").geturl()


def embedded_postgres(settings: Settings, credentials: Credentials | None) -> EmbeddedPostgres:
    home = settings.state
    password = credentials.postgres.get_secret_value() if credentials else ""
    return EmbeddedPostgres(home / "postgres", settings.postgres_port, password, log=home / "logs" / "postgres.log")


def embedded_superset(settings: Settings) -> EmbeddedSuperset:
    home = settings.state
    return EmbeddedSuperset(home / "superset", settings.superset_port, log=home / "logs" / "superset.log")


def connect(settings: Settings) -> Stack:
    """The stack as it was set up before; starts nothing. Raises ``UsageError`` when it never was."""
    return Stack(settings, load_credentials(settings.state))


def start(settings: Settings, *, progress: Progress, wait: bool = True, site: bool = True) -> Stack:
    """Bring up what the settings ask for, from whatever state it is in; what runs well is left alone.

    With ``wait=False`` Superset may still be starting on return; ``ready`` waits for it. With ``site=False`` Superset
    is stopped instead, its database there. Raises ``Locked`` while
    another command starts or stops this stack, ``UsageError`` for what the caller can mend (a port taken, the state
    folder, the passwords), ``Unreachable`` for a named server that does not answer.
    """
    home = _home(settings.state)
    with exclusive(home / "stack.lock"):
        stack = Stack(settings, _credentials(home))
        if settings.superset_url is None:
            stack.superset.require_port()  # before anything is started
        _start_warehouse(stack, progress)
        if settings.superset_url is None:
            _launch_superset(stack, progress) if site else _rest_superset(stack)
    if wait and site:
        ready(stack, progress=progress)
    return stack


def ready(stack: Stack, *, progress: Progress) -> None:
    """Wait until Superset answers and lets our administrator in."""
    with progress.step("Superset") as step:
        if stack.settings.superset_url is None:
            stack.superset.wait()
            stack.metadata.require_admin(stack.superset_password)
        else:
            external.require_superset(stack.superset_url, stack.superset_username, stack.superset_password)
        step.note = f"answers at {stack.superset_url}"


def stop(settings: Settings) -> list[str]:
    """Stop the embedded servers. Gives the names of those that ran; named servers are left alone."""
    if not settings.state.is_dir():
        return []
    with exclusive(settings.state / "stack.lock"):
        stopped = {
            "Superset": embedded_superset(settings).stop(),
            "PostgreSQL": embedded_postgres(settings, None).stop(),
        }
    return [name for name, ran in stopped.items() if ran]


def remove(settings: Settings) -> None:
    """Stop the embedded servers and delete all their data, passwords and logs."""
    stop(settings)
    unsettle(settings.state / "postgres")
    if settings.state.is_dir():
        shutil.rmtree(settings.state)


def status(settings: Settings) -> Status:
    """What runs where. Starts and changes nothing."""
    credentials = load_credentials(settings.state) if (settings.state / FILE).exists() else None
    return report(settings, embedded_postgres(settings, credentials), embedded_superset(settings))


def _home(home: Path) -> Path:
    """Make the state folder; the database's user must be able to pass through it when root runs the stack."""
    try:
        home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        (home / "logs").mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        raise UsageError(f"The state folder {home} is a file. Move it away, or choose another with LGS_HOME.") from None
    except OSError as error:
        raise UsageError(
            f"The state folder {home} cannot be made: {error.strerror}. Choose another with LGS_HOME."
        ) from error
    if not os.access(home, os.W_OK | os.X_OK) or not os.access(home / "logs", os.W_OK | os.X_OK):
        raise UsageError(f"The state folder {home} is not writable. Choose one that is with LGS_HOME.")
    return home


def _credentials(home: Path) -> Credentials:
    """Passwords are made with the databases; new ones would not open those that are there."""
    data = home / "postgres"
    if not (home / FILE).exists() and os.path.lexists(data):
        raise UsageError(
            f"{home / FILE} is gone, but {data} is there. Put back a copy, or remove {home} to begin anew."
        )
    return ensure_credentials(home)


def _start_warehouse(stack: Stack, progress: Progress) -> None:
    with progress.step("PostgreSQL") as step:
        if stack.settings.warehouse_url is None:
            step.note = _start_postgres(stack)
            _ensure_database(stack.postgres.url(), DATABASE)
        else:
            address.require_open(stack.url("admin"), setting=WAREHOUSE_SETTING)
            host, port = address.endpoint(stack.url("admin"))
            step.note = f"uses the server at {host}:{port}"
        ensure_roles(stack.url("admin"), stack.credentials.roles)


def _start_postgres(stack: Stack) -> str:
    started = stack.postgres.start()
    return f"{'started' if started else 'runs already'}, port {stack.postgres.port}"


def _ensure_database(admin_url: str, name: str) -> None:
    with closing(psycopg2.connect(admin_url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("select 1 from pg_database where datname = %s", [name])
        if cursor.fetchone() is None:
            cursor.execute("revoke all on database postgres, template1 from public")  # BI roles see one database
            cursor.execute(f"create database {name}")


def _rest_superset(stack: Stack) -> None:
    stack.superset.stop()
    stack.metadata.ensure()


def _launch_superset(stack: Stack, progress: Progress) -> None:
    with progress.step("Superset's metadata") as step:
        if stack.metadata.admin_url == stack.postgres.url() and not stack.postgres.running():
            _start_postgres(stack)
        stack.metadata.ensure()
        host, port = address.endpoint(stack.metadata.url)
        begun = stack.superset.start(stack.launch)
        step.note = f"at {host}:{port}; Superset {'is starting' if begun else 'runs already'}"
