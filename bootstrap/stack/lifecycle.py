"""Brings the servers up from whatever state they are in, and takes them down."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from psycopg2 import sql

from bootstrap.connection import administering
from bootstrap.credentials import COPY, FILE, Credentials, ensure_credentials, is_open, load_credentials
from bootstrap.errors import Locked, UsageError
from bootstrap.progress import Progress
from bootstrap.roles import ensure_roles
from bootstrap.settings import Settings
from bootstrap.stack import address, external
from bootstrap.stack.account import unsettle
from bootstrap.stack.stack import DATABASE, WAREHOUSE_SETTING, Stack, embedded_postgres, embedded_superset
from bootstrap.stack.status import State, Status, report


def connect(settings: Settings) -> Stack:
    """The stack as it was set up before; starts nothing. Raises ``UsageError`` when it never was."""
    return Stack(settings, load_credentials(settings.state))


def restore_roles(stack: Stack) -> None:
    """Set back what the roles of PostgreSQL did to themselves: passwords, settings, limits."""
    ensure_roles(stack.url("admin"), stack.credentials.roles)


def start(settings: Settings, *, progress: Progress, wait: bool = True, site: bool = True) -> Stack:
    """Bring up what the settings ask for, from whatever state it is in; what runs well is left alone.

    With ``wait=False`` Superset may still be starting on return; ``ready`` waits for it. With ``site=False`` Superset
    is stopped instead, its database there. Raises ``Locked`` while another command starts or stops this stack,
    ``UsageError`` for what the caller can fix (a port taken, the state folder, the passwords), ``Unreachable`` for a
    named server that does not answer.
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
            given = stack.superset_url, stack.superset_username, stack.superset_password
            external.require_superset(*given, setting=stack.sign_in_setting)
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
    found = report(settings, embedded_postgres(settings, credentials), embedded_superset(settings))
    return found.model_copy(update={"passwords": _passwords(settings.state)})


def _passwords(home: Path) -> State:
    if not (home / FILE).exists():
        return "missing" if (home / COPY).exists() or os.path.lexists(home / "postgres") else "kept"
    return "open to others" if is_open(home / FILE) else "kept"


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file. Raises ``Locked`` at once when another process does; a killed one holds nothing."""
    try:
        with FileLock(path, timeout=0, mode=0o600):
            path.write_text(str(os.getpid()))
            yield
    except Timeout:
        holder = path.read_text().strip() or "unknown"
        raise Locked(
            f"Another lgs command (process {holder}) is starting or stopping this stack. Try again when it is done."
        ) from None


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
    if not any((home / name).exists() for name in (FILE, COPY)) and os.path.lexists(data):
        raise UsageError(
            f"{home / FILE} is gone, but {data} is there. Put back a copy of it; or move "
            f"{home} away and run lgs up, then lgs restore with your newest backup."
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
        restore_roles(stack)


def _start_postgres(stack: Stack) -> str:
    started = stack.postgres.start()
    return f"{'started' if started else 'runs already'}, port {stack.postgres.port}"


def _ensure_database(admin_url: str, name: str) -> None:
    with administering(admin_url) as cursor:
        cursor.execute("select 1 from pg_database where datname = %s", [name])
        if cursor.fetchone() is None:
            cursor.execute("revoke all on database postgres, template1 from public")  # BI roles see one database
            cursor.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


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
