"""The servers of one state folder, where they are, and who may enter."""

import os
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, urlsplit

from bootstrap.credentials import Credentials
from bootstrap.errors import UsageError
from bootstrap.settings import Settings
from bootstrap.stack import address
from bootstrap.stack.metadata import Metadata
from bootstrap.stack.postgres import EmbeddedPostgres
from bootstrap.stack.site import EmbeddedSuperset, Launch

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
        """Where Superset answers this machine."""
        return (self.settings.superset_url or self.superset.url).rstrip("/")

    @property
    def public_url(self) -> str:
        """Where people open Superset."""
        return (self.settings.public_url or self.superset_url).rstrip("/")

    @property
    def superset_username(self) -> str:
        """An administrator of Superset."""
        return self.settings.superset_username if self.settings.superset_url else "admin"

    @property
    def superset_password(self) -> str:
        if self.settings.superset_url and self.settings.superset_password:
            return self.settings.superset_password.get_secret_value()
        return self.credentials.users["admin"]

    @property
    def sign_in_setting(self) -> str:
        """What to correct when Superset refuses our administrator: where the edition has the password from."""
        if self.settings.superset_url is None:
            return f"SUPERSET_ADMIN in {self.credentials.path}"
        if self.settings.admin_password and not self.settings.superset_password:
            return "LGS_ADMIN_PASSWORD in .env"
        return "LGS_SUPERSET_USERNAME and LGS_SUPERSET_PASSWORD"

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
        parts = urlsplit(self.public_url)
        user = f"{quote(self.superset_username, safe='')}:{quote(self.superset_password, safe='')}"
        return parts._replace(netloc=f"{user}@{parts.netloc.rpartition('@')[2]}").geturl()


def embedded_postgres(settings: Settings, credentials: Credentials | None) -> EmbeddedPostgres:
    home = settings.state
    password = credentials.postgres.get_secret_value() if credentials else ""
    return EmbeddedPostgres(home / "postgres", settings.postgres_port, password, log=home / "logs" / "postgres.log")


def embedded_superset(settings: Settings) -> EmbeddedSuperset:
    home = settings.state
    return EmbeddedSuperset(home / "superset", settings.superset_port, log=home / "logs" / "superset.log")
