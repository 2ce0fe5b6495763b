"""Passwords and keys of one stack: generated on the first run, kept in a file that only its owner can read.

The file holds one ``NAME=value`` a line. Who changes a password elsewhere (an administrator in Superset, say) puts the
new one there too.
"""

import os
import re
import secrets
from io import StringIO
from pathlib import Path
from typing import Annotated

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from bootstrap.errors import UsageError

FILE = "credentials.env"
COPY = "credentials.copy.env"
Secret = Annotated[SecretStr, Field(min_length=8)]
_ADDED = "user_"
_HEADER = "# Passwords and keys of this stack, generated on its first run. Whoever reads this file is administrator.\n"


class Credentials(BaseModel):
    """Every secret; ``superset_*`` are the people's passwords, ``lgs_*`` and ``postgres`` those of database roles.

    ``user_*`` are the passwords of people that the shop added to ``superset/access.yml``.
    """

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Secret]

    path: Path
    superset_admin: Secret
    superset_marketing: Secret
    superset_analyst: Secret
    superset_secret_key: Secret
    lgs_owner: Secret
    lgs_reader: Secret
    lgs_analyst: Secret
    lgs_superset: Secret
    postgres: Secret

    @property
    def users(self) -> dict[str, str]:
        """Superset user name to password: admin, marketing, analyst, and those that the shop added."""
        return {name: self._value(variable.lower()) for name, variable in self.variables.items()}

    @property
    def variables(self) -> dict[str, str]:
        """Superset user name to the name under which the file holds the password."""
        ours = {name: f"SUPERSET_{name.upper()}" for name in ("admin", "marketing", "analyst")}
        added = [name for name in self.__pydantic_extra__ if name.startswith(_ADDED)]
        return ours | {name.removeprefix(_ADDED): name.upper() for name in added}

    @property
    def roles(self) -> dict[str, str]:
        """Warehouse role to password: lgs_owner, lgs_reader, lgs_analyst."""
        return {name: self._value(name) for name in ("lgs_owner", "lgs_reader", "lgs_analyst")}

    def _value(self, name: str) -> str:
        secret: SecretStr = getattr(self, name)
        return secret.get_secret_value()


class Passwords(dict[str, str]):
    """Superset user name to password. Who has none gets one when it is asked for, and the file keeps it."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials.users)
        self.home = credentials.path.parent

    def __missing__(self, name: str) -> str:
        self[name] = _password()
        added = {f"{_ADDED}{name}": SecretStr(self[name])}
        write_credentials(load_credentials(self.home).model_copy(update=added))
        return self[name]


def load_credentials(home: Path) -> Credentials:
    """Read the file in the state folder. Raises ``UsageError`` when it is missing, not readable or not whole."""
    path = home / FILE
    try:
        found = dotenv_values(stream=StringIO(path.read_text(encoding="utf-8")), interpolate=False)
        return Credentials.model_validate({name.lower(): value for name, value in found.items()} | {"path": path})
    except FileNotFoundError:
        if (home / COPY).exists():
            raise UsageError(f"{path} is gone. Run `lgs up`: it puts back the copy that was kept of it.") from None
        raise UsageError(f"There are no passwords yet: {path} does not exist. Run `lgs up` first.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}). {_remedy(path)}") from error
    except ValidationError as error:
        wrong = ", ".join(f"{str(item['loc'][0]).upper()}: {item['msg'].lower()}" for item in error.errors())
        raise UsageError(f"{path} is not whole ({wrong}). {_remedy(path)}") from None


def ensure_credentials(home: Path) -> Credentials:
    """Read the file in the state folder; put its copy back, or generate it, when there is none.

    A copy beside it is kept up to date: without its passwords nobody could open the databases that are there.
    """
    path, copy = home / FILE, home / COPY
    if not path.exists():
        _write(path, copy.read_text(encoding="utf-8")) if copy.exists() else write_credentials(_generate(path))
    for one in (path, copy):
        if is_open(one):
            one.chmod(0o600)
    found = load_credentials(home)
    _keep_copy(path, copy)
    return found


def is_open(path: Path) -> bool:
    """Whether others than its owner can read or write the file."""
    return path.exists() and bool(path.stat().st_mode & 0o077)


def _keep_copy(path: Path, copy: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if not copy.exists() or copy.read_text(encoding="utf-8") != text:
        _write(copy, text)


def _generate(path: Path) -> Credentials:
    names = [name for name in Credentials.model_fields if name != "path"]
    values = {name: secrets.token_urlsafe(48) if name == "superset_secret_key" else _password() for name in names}
    return Credentials.model_validate({"path": path, **values})


def _password() -> str:
    return secrets.token_urlsafe(18)


def write_credentials(credentials: Credentials) -> None:
    """Write its file whole, and the copy of it."""
    lines = [f"{name.upper()}={_quoted(value.get_secret_value())}\n" for name, value in credentials if name != "path"]
    _write(credentials.path, _HEADER + "".join(lines))
    _keep_copy(credentials.path, credentials.path.with_name(COPY))


def _write(path: Path, text: str) -> None:
    """With mode 0600 from the first byte on."""
    making = path.with_name(f".{path.name}.{os.getpid()}")
    making.unlink(missing_ok=True)
    with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    making.replace(path)


def _quoted(value: str) -> str:
    """As ``.env`` files write it: what may be taken for more than a word goes into quotes."""
    if re.fullmatch(r"[\w.~+/=:@%-]+", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _remedy(path: Path) -> str:
    return f"Put back a copy of it; or, to start over without the data, run `lgs down` and remove {path.parent}."
