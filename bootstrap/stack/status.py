"""What runs where, for ``lgs status`` and for scripts."""

from typing import Literal

import psycopg2
from pydantic import BaseModel, ConfigDict

from bootstrap.settings import Settings
from bootstrap.stack import address, external
from bootstrap.stack.postgres import EmbeddedPostgres
from bootstrap.stack.processes import HOST
from bootstrap.stack.site import EmbeddedSuperset

Name = Literal["PostgreSQL", "Superset", "Superset's metadata"]


class Service(BaseModel):
    """One server. ``healthy``: it answers. ``pid`` is its main process, where it is embedded and runs."""

    model_config = ConfigDict(frozen=True)

    name: Name
    where: Literal["embedded", "external"]
    host: str
    port: int
    pid: int | None = None
    healthy: bool

    def line(self) -> str:
        state = "answers" if self.healthy else "does not answer" if self.pid or self.where == "external" else "stopped"
        process = f", process {self.pid}" if self.pid else ""
        return f"{'✓' if self.healthy else '✗'} {self.name:<19} {self.where}, {self.host}:{self.port}{process}: {state}"


class Status(BaseModel):
    """Every server that the settings ask for."""

    model_config = ConfigDict(frozen=True)

    services: tuple[Service, ...]

    @property
    def healthy(self) -> bool:
        return all(service.healthy for service in self.services)

    @property
    def warehouse_answers(self) -> bool:
        return any(service.healthy for service in self.services if service.name == "PostgreSQL")

    def lines(self) -> list[str]:
        return [service.line() for service in self.services]


def report(settings: Settings, postgres: EmbeddedPostgres, superset: EmbeddedSuperset) -> Status:
    """Look at each; nothing is started."""
    services = [_warehouse(settings, postgres), _superset(settings, superset)]
    if settings.warehouse_url is not None and postgres.process() is not None:
        services.append(_postgres("Superset's metadata", postgres))
    return Status(services=tuple(services))


def _postgres(name: Name, server: EmbeddedPostgres) -> Service:
    process = server.process()
    pid = process.pid if process else None
    return Service(name=name, where="embedded", host=HOST, port=server.port, pid=pid, healthy=server.running())


def _warehouse(settings: Settings, server: EmbeddedPostgres) -> Service:
    if settings.warehouse_url is None:
        return _postgres("PostgreSQL", server)
    url = address.parse(settings.warehouse_url.get_secret_value(), setting="LGS_WAREHOUSE_URL")
    host, port = address.endpoint(url)
    return Service(name="PostgreSQL", where="external", host=host, port=port, healthy=_opens(url))


def _superset(settings: Settings, server: EmbeddedSuperset) -> Service:
    if settings.superset_url is None:
        process = server.process()
        return Service(
            name="Superset",
            where="embedded",
            host=HOST,
            port=server.port,
            pid=process.pid if process else None,
            healthy=server.healthy(),
        )
    host, port = external.endpoint(settings.superset_url)
    return Service(
        name="Superset", where="external", host=host, port=port, healthy=external.answers(settings.superset_url)
    )


def _opens(url: str) -> bool:
    try:
        psycopg2.connect(url, connect_timeout=5).close()
    except psycopg2.OperationalError:
        return False
    return True
