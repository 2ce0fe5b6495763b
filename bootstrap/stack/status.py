"""What runs where and which data is loaded, for ``lgs status`` and for scripts."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bootstrap.connection import refusal
from bootstrap.errors import OLD_DASHBOARDS
from bootstrap.lines import SetAside
from bootstrap.settings import Settings
from bootstrap.stack import address, external
from bootstrap.stack.postgres import EmbeddedPostgres
from bootstrap.stack.processes import HOST
from bootstrap.stack.site import EmbeddedSuperset

Name = Literal["PostgreSQL", "Superset", "Superset's metadata"]
State = Literal["kept", "missing", "open to others"]
Verdict = Literal["all well", "stale", "degraded", "down"]
# A receipt keeps numbers of money as text, so that no digit is lost.
Figure = Annotated[
    int | float | date | str | None,
    Field(union_mode="left_to_right", description="a headline figure of the newest refresh, under its own name"),
]


class Service(BaseModel):
    """One server."""

    model_config = ConfigDict(frozen=True)

    name: Name = Field(description="which one")
    where: Literal["embedded", "external"] = Field(description="started here, or named by a setting")
    host: str = Field(description="where it listens")
    port: int = Field(description="its TCP port")
    pid: int | None = Field(None, description="its main process, where it is embedded and runs")
    healthy: bool = Field(description="whether it answers")

    def line(self) -> str:
        state = "answers" if self.healthy else "does not answer" if self.pid or self.where == "external" else "stopped"
        process = f", process {self.pid}" if self.pid else ""
        return f"{'✓' if self.healthy else '✗'} {self.name:<19} {self.where}, {self.host}:{self.port}{process}: {state}"


class Data(BaseModel):
    """The loaded data, with the headline figures of the newest refresh."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Figure]

    refreshed_at: datetime = Field(description="when it was loaded")
    source: str = Field(description="the file or database it came from")
    form: str = Field(description="its form")
    sha256: str = Field(description="its hash")
    lines_read: int = Field(description="rejected ones included")
    lines_kept: int = Field(description="lines of it that are in the warehouse")
    lines_rejected: int = Field(description="lines that cannot be transactions")
    age_hours: float = Field(description="hours since it was loaded")
    published: bool = Field(description="whether the dashboards show it")

    def lines(self) -> list[str]:
        return [f"  {name.replace('_', ' '):<12} {value}" for name, value in self.model_dump(mode="json").items()]


class Failure(BaseModel):
    """The newest refresh, where it failed."""

    model_config = ConfigDict(frozen=True)

    failed_at: datetime = Field(description="when")
    run_by: str = Field(description="who ran it")
    source: str = Field(description="what was to be loaded")
    step: str = Field(description="the step that failed; empty before the first")
    error: str = Field(description="what was said of it")

    def line(self) -> str:
        at = f" at {self.step}" if self.step else ""
        return f"! The last refresh failed{at} ({self.failed_at:%Y-%m-%d %H:%M}, by {self.run_by}): {self.error}"


class Status(BaseModel):
    """Every server that the settings ask for, and the data."""

    model_config = ConfigDict(frozen=True)

    services: tuple[Service, ...] = Field(description="the servers, the warehouse first")
    data: Data | None = Field(None, description="what is loaded; null when nothing is, or the database does not answer")
    passwords: State = Field("kept", description="the file credentials.env")
    last_failure: Failure | None = Field(None, description="null unless it is newer than the data")
    quarantine: tuple[SetAside, ...] = Field((), description="days that broke a contract and were not loaded")
    verdict: Verdict = Field("all well", description="the worst that was found")
    advice: str = Field("", description="what was found, and what to do; empty when all is well")

    @property
    def exit_code(self) -> int:
        """For monitors: 0 all well, 1 stale, or degraded, 3 down."""
        return {"all well": 0, "stale": 1, "degraded": 1, "down": 3}[self.verdict]

    def judged(self, *, stale_hours: float) -> "Status":
        """With its verdict. Data is stale when none was loaded for ``stale_hours``."""
        verdict, advice = self._found(stale_hours)
        if self.passwords == "open to others":
            verdict = "down" if verdict == "down" else "degraded"
            advice = f"Others can read credentials.env. Run: lgs up, which makes it yours alone. {advice}".rstrip()
        return self.model_copy(update={"verdict": verdict, "advice": advice})

    def _found(self, stale_hours: float) -> tuple[Verdict, str]:
        names = [service.name for service in self.services if not service.healthy]
        silent = f"{' and '.join(names)} {'do' if len(names) > 1 else 'does'} not answer. Run: lgs up."
        if self.passwords == "missing":
            return (
                "down",
                "The file credentials.env is gone. Run: lgs up, which puts its copy back or says what else to do.",
            )
        if names:
            return "degraded" if self.warehouse_answers else "down", silent
        if self.data is None:
            return "degraded", "No data is loaded yet. Load it: lgs up."
        if not self.data.published:
            return "degraded", OLD_DASHBOARDS
        if self.quarantine:
            days = ", ".join(f"{one.day:%-d %B %Y}" for one in self.quarantine)
            advice = "Correct them in the file and load that: lgs refresh."
            return "degraded", f"Days are set aside: {days}. {advice}"
        if self.data.age_hours > stale_hours:
            hours = f"{self.data.age_hours:,.0f} hours"
            return "stale", f"No data was loaded for {hours} (LGS_STALE_HOURS is {stale_hours:g}). Run: lgs refresh."
        return "all well", ""

    @property
    def healthy(self) -> bool:
        return all(service.healthy for service in self.services)

    @property
    def warehouse_answers(self) -> bool:
        return any(service.healthy for service in self.services if service.name == "PostgreSQL")

    def lines(self) -> list[str]:
        verdict = f"{self.verdict.capitalize()}{': ' + self.advice if self.advice else '.'}"
        failed = [self.last_failure.line()] if self.last_failure else []
        data = [*(self.data.lines() if self.data else []), *(f"! {one.line()}." for one in self.quarantine)]
        return [*(service.line() for service in self.services), *data, *failed, verdict]

    def prometheus(self, *, failed_at: datetime | None = None) -> str:
        """The same as metrics, in the text format that node_exporter's textfile collector reads."""
        up = [f'lgs_up{{service="{service.name}"}} {int(service.healthy)}' for service in self.services]
        values: dict[str, float] = {"lgs_healthy": int(self.verdict == "all well")}
        values |= {"lgs_quarantined_days": len(self.quarantine)}
        if self.data:
            values |= {"lgs_data_age_seconds": self.data.age_hours * 3600}
            values |= {"lgs_last_refresh_timestamp_seconds": self.data.refreshed_at.timestamp()}
            values |= {"lgs_published": int(self.data.published), "lgs_lines_kept": self.data.lines_kept}
            values |= {"lgs_lines_rejected": self.data.lines_rejected}
        if failed_at:
            values |= {"lgs_last_failure_timestamp_seconds": failed_at.timestamp()}
        lines = [f"# TYPE {name} gauge\n{name} {value:.0f}" for name, value in values.items()]
        return "\n".join(["# TYPE lgs_up gauge", *up, *lines]) + "\n"


def status_reference() -> str:
    """Each value that ``lgs status --json`` prints, as a table in Markdown."""
    schema = Status.model_json_schema(mode="serialization")
    rows = [f"| `{path}` | {kind} | {meaning} |" for path, kind, meaning in _described(schema, schema["$defs"])]
    head = ["| value | type | meaning |", "|---|---|---|"]
    return "\n".join([*head, *rows])


def _described(schema: dict[str, Any], models: dict[str, Any], path: str = "") -> Iterator[tuple[str, str, str]]:
    """Path, type and meaning of each value in a JSON schema; more keys of an object come as ``*``."""
    more = schema.get("additionalProperties")
    named = schema["properties"] | ({"*": more} if more else {})
    for name, field in named.items():
        kinds = field.get("anyOf", [field])
        inner = next((ref for one in (*kinds, field.get("items", {})) if (ref := one.get("$ref"))), "")
        yield f"{path}{name}", " or ".join(map(_kind, kinds)), field.get("description", "")
        if inner:
            step = "[]." if field.get("type") == "array" else "."
            yield from _described(models[inner.rpartition("/")[2]], models, f"{path}{name}{step}")


def _kind(schema: dict[str, Any]) -> str:
    kind = ", ".join(schema.get("enum", [])) or schema.get("type", "object")
    return f"{kind} ({schema['format']})" if "format" in schema else str(kind)


def report(settings: Settings, postgres: EmbeddedPostgres, superset: EmbeddedSuperset) -> Status:
    """Look at each; nothing is started."""
    services = []
    if settings.warehouse_url is None:
        services.append(_embedded("PostgreSQL", postgres))
    else:
        url = address.parse(settings.warehouse_url.get_secret_value(), setting="LGS_WAREHOUSE_URL")
        services.append(_external("PostgreSQL", address.endpoint(url), healthy=refusal(url) is None))
    if (site := settings.superset_url) is None:
        services.append(_embedded("Superset", superset))
    else:
        services.append(_external("Superset", external.endpoint(site), healthy=external.answers(site)))
    if settings.warehouse_url is not None and postgres.process() is not None:
        services.append(_embedded("Superset's metadata", postgres))
    return Status(services=tuple(services))


def _embedded(name: Name, server: EmbeddedPostgres | EmbeddedSuperset) -> Service:
    process = server.process()
    pid = process.pid if process else None
    return Service(name=name, where="embedded", host=HOST, port=server.port, pid=pid, healthy=server.running())


def _external(name: Name, place: tuple[str, int], *, healthy: bool) -> Service:
    return Service(name=name, where="external", host=place[0], port=place[1], healthy=healthy)
