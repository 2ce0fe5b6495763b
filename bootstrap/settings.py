"""Every setting, typed, in one place. Each comes from an ``LGS_*`` environment variable; a command's option wins."""

import getpass
import os
import socket
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, InstanceOf, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bootstrap.database import DatabaseUrl, path_or_url
from bootstrap.errors import UsageError
from bootstrap.project import current


def _home() -> Path:
    """Each project has a state of its own; that of the product's own project is where the command is called."""
    return Path(".lgs") if current().is_own else current().folder / ".lgs"


class Settings(BaseSettings):
    """Where things are and how they behave. Ports are TCP ports on 127.0.0.1."""

    model_config = SettingsConfigDict(env_prefix="LGS_", env_ignore_empty=True, populate_by_name=True, frozen=True)

    home: Path = Field(default_factory=_home, description="folder of all state: databases, logs, passwords")
    source: Annotated[Path | InstanceOf[DatabaseUrl] | None, NoDecode, BeforeValidator(path_or_url)] = Field(
        None, description="the file to load, or the URL of a database to read"
    )
    source_password: SecretStr | None = Field(None, description="password of that database, if its URL has none")
    source_timeout: float = Field(300, gt=0, description="seconds that it may take to answer")
    table: str | None = Field(None, description="its table, as table or schema.table")
    look_back: int = Field(7, ge=0, description="days before the newest loaded day that --append reads again")
    map: str | None = Field(None, description="map of that file: a YAML file, or the name of a ready one")
    dates: str | None = Field(None, description="day-first or month-first, where the file does not tell")
    only: tuple[str, ...] = Field((), description="tables or sheets of the file to read, as a JSON list")
    skip: tuple[str, ...] = Field((), description="tables or sheets of the file to leave out, as a JSON list")
    superset_port: int = Field(8088, ge=1, le=65535, description="port of the embedded Superset")
    postgres_port: int = Field(5455, ge=1, le=65535, description="port of the embedded PostgreSQL")
    warehouse_url: SecretStr | None = Field(None, description="postgresql:// URL of a server to use instead")
    superset_url: str | None = Field(None, description="http(s):// URL of a Superset to use instead")
    superset_username: str = Field("admin", description="an administrator of that Superset")
    superset_password: SecretStr | None = Field(None, description="that administrator's password")
    admin_password: SecretStr | None = Field(None, description="the server edition's password of admin, from .env")
    superset_async: bool = Field(False, description="whether a Celery worker runs the queries of SQL Lab")
    superset_workers: int = Field(2, ge=1, description="web worker processes of the embedded Superset")
    public_url: str | None = Field(
        None,
        validation_alias=AliasChoices("LGS_PUBLIC_URL", "LGS_PUBLISHED_URL"),
        description="address under which people open Superset; LGS_PUBLISHED_URL is where Compose publishes it",
    )
    max_rejects: float = Field(0.001, ge=0, le=1, description="share of lines that may be rejected before a load stops")
    stale_hours: float = Field(48, gt=0, description="hours without new data after which the status says so")
    watch_poll: float | None = Field(None, gt=0, description="seconds between two looks at a folder on the network")
    user: str | None = Field(None, description="who runs it, for receipts; a service may have a name of its own")
    keep_refreshes: int = Field(5, ge=1, description="how many changes of lines a rollback can undo")
    smtp_host: str | None = Field(None, description="mail server that reports and alerts are sent by")
    smtp_port: int = Field(587, ge=1, le=65535, description="its TCP port")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="how the way to it is encrypted")
    smtp_username: str | None = Field(None, description="who signs in there")
    smtp_password: SecretStr | None = Field(None, description="their password")
    smtp_from: str = Field("lgs@localhost.localdomain", description="who the mails are from")
    admin_email: str | None = Field(None, description="who gets the alerts")
    alert_webhook: SecretStr | None = Field(None, description="URL that gets the alerts as JSON")
    quarantine: bool = Field(False, description="whether days that break a contract are set aside, and the rest loaded")
    disk_reserve: float = Field(1, ge=0, description="GB of the embedded PostgreSQL's disk that a refresh leaves free")
    max_loss: float = Field(0.1, ge=0, le=1, description="share of the loaded lines that a file may take away")

    @cached_property
    def state(self) -> Path:
        """The state folder, absolute."""
        return self.home.expanduser().absolute()


def who() -> str:
    """Who runs the command, and where: LGS_USER, else who called sudo, else the user of the system."""
    try:
        name = load_settings().user or os.environ.get("SUDO_USER") or getpass.getuser()
        return f"{name}@{socket.gethostname()}"
    except (KeyError, OSError):  # a container may run as a number that has no name
        return socket.gethostname()


def load_settings(**options: object) -> Settings:
    """Read the settings from the environment, with the options given (``None`` means not given) on top.

    Raises ``UsageError`` that names the variable and what is wrong with it.
    """
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "LGS_" + str(first["loc"][0]).upper().removeprefix("LGS_") if first["loc"] else "LGS_*"
        raise UsageError(f"{name} is {first['input']!r}: {first['msg']}. Correct it or unset it.") from error
