"""One publish: read, compare, refuse, send what changed, verify, reconcile what goes by REST, remove what left."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bootstrap.assets import reports
from bootstrap.assets.access import DashboardRoles, Registers, Roles, RowRules, Users
from bootstrap.assets.assets import Types, contents, databases
from bootstrap.assets.built import column_types, unbuilt
from bootstrap.assets.client import Client
from bootstrap.assets.directory import Directory
from bootstrap.assets.files import load_specs
from bootstrap.assets.imported import Connections, Contents
from bootstrap.assets.ledger import Ledger
from bootstrap.assets.live import Live
from bootstrap.assets.plan import Held, Plan, make_plan, refuse
from bootstrap.assets.published import Published
from bootstrap.assets.resource import Change, Resource
from bootstrap.assets.spec import Chart, Dashboard, Specs
from bootstrap.errors import CheckFailed
from bootstrap.progress import Progress
from bootstrap.semantic.spec import Layer


@dataclass(frozen=True)
class Site:
    """One Superset: address, administrator, the URLs of its connections as it sees them, new users' passwords.

    ``users`` is asked for a password only when its user is made. ``is_async`` says that a Celery worker runs beside it,
    ``sign_in_setting`` what to correct when it refuses the administrator; ``ledger`` is the URL of the warehouse's
    owner, where publishes are logged if it is given.
    """

    url: str
    username: str
    password: str = field(repr=False)
    connections: Mapping[str, str] = field(repr=False)
    users: Mapping[str, str] = field(repr=False)
    is_async: bool = False
    sign_in_setting: str = "the password"
    ledger: str = field(default="", repr=False)


class Publication:
    """The specs beside the site that they are for, and one resource for each kind of object, in their order."""

    def __init__(self, site: Site, specs: Specs, types: Types, client: Client, ledger: Ledger) -> None:
        self.site, self.specs, self.client, self.ledger = site, specs, client, ledger
        self.live = live = Live.read(client)
        # Without our connections the site is another one, or new.
        self.is_published = live.number("databases", "reader") is not None
        self.directory = directory = Directory(client, ledger.begun, is_published=self.is_published)
        directory.refresh()
        self.connections = Connections(live, lambda: databases(specs, site.connections, is_async=site.is_async))
        self.contents = Contents(live, lambda: contents(specs, types, sql_lab=live.number("databases", "analyst") or 0))
        self.reports = reports.Reports(specs, live)
        self.others: tuple[Resource, ...] = (
            Roles(specs.access, directory, live),
            Users(specs.access, directory, site.users),
            Registers(specs.access, directory),
            DashboardRoles(specs.dashboards, directory, live),
            RowRules(specs.access, directory, live, self.contents),
            self.reports,
        )
        self.resources = (self.connections, self.contents, *self.others)

    def plan(self) -> Plan:
        return make_plan(self.resources, self.ledger.held if self.is_published else {})

    def send(self, plan: Plan) -> None:
        for resource in (self.connections, self.contents):
            resource.apply(plan.to_apply(resource.kind))

    def verify(self, plan: Plan, *, fresh_data: bool, changed: Collection[str] | None = None) -> dict[str, int]:
        """Ask each chart whose answer may differ from the one verified last; how many rows each gives.

        With ``fresh_data`` cached answers are dropped before: of the ``changed`` relations, ``None`` for all.
        """
        same = self._unchanged(changed) if fresh_data else set()
        connections, sent = plan.to_apply("connections"), plan.to_apply("contents")
        with self.connections.restored_on_failure(connections), self.contents.restored_on_failure(sent):
            if fresh_data:
                kept = {self.live.number("datasets", name) for name in same}
                self.client.invalidate(sorted(set(self.live.ids["datasets"].values()) - kept))
            self._link()
            others = {chart.name for chart in self.specs.charts.values() if self._dataset(chart) not in same}
            touched = self._touched(sent, others if fresh_data else set(), everything=bool(connections))
            answers = {chart.name: self._answers(chart) for chart in touched}
            reports.require_numbers(self.specs, self.site.connections["reader"])
            return answers

    def _unchanged(self, changed: Collection[str] | None) -> set[str]:
        """Our datasets whose rows are what they were. What people made of several relations is not among them."""
        twins = self.specs.layer.twins if changed is not None else ()
        return {twin.name for twin in twins if twin.dataset and twin.relation not in (changed or ())}

    def _dataset(self, chart: Chart) -> str:
        return self.specs.layer.twin(chart.dataset).name

    def _touched(self, sent: Iterable[Change], stale: Collection[str], *, everything: bool) -> Iterable[Chart]:
        """The charts whose answer may differ from the one that was verified last."""
        names = {change.name for change in sent}
        for chart in self.specs.charts.values():
            names_of_it = {f"chart {chart.name}", f"dataset {self._dataset(chart)}"}
            if everything or chart.name in stale or names & names_of_it:
                yield chart

    def _link(self) -> None:
        """Send a dashboard whose links the import lost once more, then fail loudly."""
        for dashboard in self.specs.dashboards.values():
            if self._is_linked(dashboard):
                continue
            self.contents.send_again(f"dashboard {dashboard.name}")
            if not self._is_linked(dashboard):
                raise CheckFailed(f"Superset does not link every chart of {dashboard.title!r}. Publish again.")

    def _is_linked(self, dashboard: Dashboard) -> bool:
        """Whether exactly the charts of the spec hang on the dashboard."""
        number = self.live.number("dashboards", dashboard.name)
        rows = self.client.get(f"/api/v1/dashboard/{number}/charts")["result"]
        return {row["id"] for row in rows} == {self.live.number("charts", name) for name in dashboard.charts}

    def _answers(self, chart: Chart) -> int:
        """How many rows the chart's own data request gives: a small shop may have none. Raises ``CheckFailed``."""
        try:
            found = self.client.get(f"/api/v1/chart/{self.live.number('charts', chart.name)}/data/")["result"]
        except CheckFailed as error:
            raise CheckFailed(f"The chart {chart.name!r} does not answer. {error}") from error
        for why in (result["error"] for result in found if result.get("error")):
            raise CheckFailed(f"The chart {chart.name!r} answers with {why}. Correct its spec or its dataset's view.")
        # A paged list asks for the number of all rows too, which is a row even where there are none.
        return sum(result["rowcount"] for result in (found[:1] if chart.paged else found))

    def reconcile(self, plan: Plan) -> None:
        """What the import does not carry, then removals in the opposite order."""
        for resource in self.others:
            resource.apply(plan.to_apply(resource.kind))
        for resource in reversed(self.resources):
            resource.remove(plan.to_remove(resource.kind))

    def holds(self, plan: Plan) -> Held:
        """What Superset holds now of what was changed, and of what the ledger does not know."""
        names = {each.kind: self._noted(plan, each.kind) for each in self.resources if each.is_remembered}
        if any(names.values()):
            self.live.refresh()
            self.directory.refresh()
        return {
            resource.kind: {name: form for name, form in resource.read().items() if name in names[resource.kind]}
            for resource in self.resources
            if names.get(resource.kind)
        }

    def _noted(self, plan: Plan, kind: str) -> set[str]:
        known = self.ledger.held.get(kind, {})
        unknown = {change.name for change in plan.changes[kind] if change.name not in known}
        return unknown | {change.name for change in plan.to_apply(kind)}

    def unsent(self) -> tuple[str, ...]:
        return () if self.reports.is_offered or not self.site.is_async else tuple(self.specs.reports)


def _apply(
    publication: Publication,
    plan: Plan,
    *,
    fresh_data: bool,
    changed: Collection[str] | None,
    progress: Progress,
) -> dict[str, int]:
    """Do what the plan says; gives how many rows each verified chart answers with."""
    ledger = publication.ledger
    line = ledger.begin(plan)
    with progress.step("Send what changed") as step:
        publication.send(plan)
        step.note = f"{len(plan.to_apply('connections')) + len(plan.to_apply('contents'))} assets"
    with progress.step("Verify charts") as step:
        changed = None if ledger.is_unfinished else changed
        answers = publication.verify(plan, fresh_data=fresh_data or ledger.is_unfinished, changed=changed)
        step.rows = sum(answers.values())
        step.note = f"{len(answers)} charts answer" if answers else "all charts are linked"
    with progress.step("Access and reports") as step:
        publication.reconcile(plan)
        step.note = f"{sum(len(plan.to_apply(other.kind)) for other in publication.others)} changes"
        removed = [(kind, change.name) for kind in plan.changes for change in plan.to_remove(kind)]
        ledger.end(line, publication.holds(plan), removed)
    return answers


def publish(
    site: Site,
    layer: Layer,
    *,
    specs: Path,
    plan_only: bool = False,
    adopt: bool = False,
    orphan: bool = False,
    fresh_data: bool = False,
    changed: Collection[str] | None = None,
    progress: Progress,
) -> Published:
    """Bring the site to what the folder ``specs`` says; with ``plan_only`` nothing is sent.

    ``adopt`` takes over existing objects that this project does not manage; ``orphan`` keeps as retired what left the
    specs and is used by what people made; ``fresh_data`` first drops the cached answers of the ``changed`` relations,
    such as ``mart.sales_month`` (``None`` for all), and verifies their charts.
    Raises ``SpecError``, ``UsageError`` (a clash, a sign-in), ``CheckFailed`` (refused or unverified), ``Unreachable``.
    """
    with progress.step("Read specs") as step:
        read = load_specs(specs, layer)
        twins = [twin for twin in layer.twins if twin.dataset]
        types = column_types(site.connections["reader"], twins)
        missing = unbuilt(twins, types)
        if missing and not plan_only:
            raise CheckFailed(f"The warehouse has no {', '.join(missing[:5])}. Run `lgs refresh` to build it first.")
        step.note = f"{len(read.charts)} charts, {len(read.dashboards)} dashboards"
    with progress.step("Compare with Superset") as step:
        client = Client(site.url, site.username, site.password, setting=site.sign_in_setting)
        publication = Publication(site, read, types, client, Ledger.read(site.ledger))
        plan = publication.plan()
        step.note = f"{sum(change.verb != 'unchanged' for change in plan.steps)} to change"
    if plan_only:
        refuse(plan, adopt=adopt, orphan=True)
        return Published(plan, True, plan.clashes, publication.unsent(), unbuilt=tuple(missing))
    refuse(plan, adopt=adopt, orphan=orphan)
    answers = _apply(publication, plan, fresh_data=fresh_data, changed=changed, progress=progress)
    empty = tuple(name for name, rows in answers.items() if not rows)
    return Published(plan, False, plan.clashes, publication.unsent(), empty)
