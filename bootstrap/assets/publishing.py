"""One publish: plan, refuse, send what changed, verify, reconcile, prune."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bootstrap.assets import access, owned, reports, verify
from bootstrap.assets.assets import Asset, databases, desired
from bootstrap.assets.bundle import bundle, restoring
from bootstrap.assets.client import Client, Json
from bootstrap.assets.files import load_specs
from bootstrap.assets.live import PATHS, Live, column_types, ids, read, unbuilt
from bootstrap.assets.plan import Plan, Step, clashes, counts, make_plan, refuse
from bootstrap.assets.spec import Chart, Specs
from bootstrap.errors import CheckFailed, LgsError
from bootstrap.progress import Progress
from bootstrap.semantic.spec import Layer


@dataclass(frozen=True)
class Site:
    """One Superset: address, administrator, the URLs of its connections as it sees them, new users' passwords.

    ``users`` is asked for a password only when its user is made. ``is_async`` says that a Celery worker runs beside it,
    ``sign_in_setting`` what to correct when it refuses the administrator.
    """

    url: str
    username: str
    password: str = field(repr=False)
    connections: Mapping[str, str] = field(repr=False)
    users: Mapping[str, str] = field(repr=False)
    is_async: bool = False
    sign_in_setting: str = "the password"


@dataclass(frozen=True)
class Published:
    """What a publish did, or in a plan would do, step by step."""

    steps: tuple[Step, ...]
    planned: bool = False
    adopted: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    unsent: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    unbuilt: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """``create``, ``update``, ``prune`` and ``unchanged`` to how many assets."""
        return counts(self.steps)

    @property
    def changed(self) -> bool:
        return any(step.verb != "unchanged" for step in self.steps)

    @property
    def drift(self) -> tuple[Step, ...]:
        """The assets that somebody had changed manually."""
        return tuple(step for step in self.steps if step.drift)

    def lines(self) -> list[str]:
        """The same for people."""
        said = [f"Kept: {what}. Delete it in Superset, then publish again." for what in self.kept]
        if self.unsent:
            said.append(f"Not sent, because no mail server is set: {', '.join(self.unsent)}. Set LGS_SMTP_HOST.")
        if self.unbuilt:
            said.append(f"Not built yet: {', '.join(self.unbuilt)}. lgs refresh builds it before it publishes.")
        if self.empty:
            said.append(f"Nothing in the data fits these charts, which are empty: {', '.join(self.empty)}.")
        if not self.changed:
            done = f"Superset: nothing to do: all {len(self.steps)} assets are as the specs say; nothing was sent."
            return [done, *said]
        number, words = self.counts, _FUTURE if self.planned else _PAST
        total = ", ".join(f"{number[name]} {word}" for name, word in words.items())
        drift = [f"{len(self.drift)} changed manually since the last publish, restored."] if self.drift else []
        adopted = [f"Taken over: {', '.join(self.adopted)}."] if self.adopted else []
        steps = [f"  {step.line()}" for step in self.steps if step.verb != "unchanged"]
        return [f"{'Plan for Superset' if self.planned else 'Superset'}: {total}.", *steps, *drift, *adopted, *said]


_FUTURE = {"create": "to create", "update": "to update", "prune": "to prune", "unchanged": "unchanged"}
_PAST = {"create": "created", "update": "updated", "prune": "pruned", "unchanged": "unchanged"}


def _reconcile(
    specs: Specs,
    directory: access.Directory,
    site: Site,
    numbers: verify.Ids,
    mailed: list[Json] | None,
    *,
    plan_only: bool,
) -> tuple[list[Step], list[str]]:
    """What was done, and what left the specs but is kept.

    What is ours is registered first, so that the next run does not refuse it.
    """
    prunes, kept = owned.role_prunes(specs.access, directory)
    steps: list[Step] = []
    finders: tuple[Callable[[], list[access.Change]], ...] = (
        lambda: access.role_changes(specs.access, directory, planning=plan_only),
        lambda: access.user_changes(specs.access, directory, site.users),
        lambda: [] if plan_only else owned.register_changes(specs.access, directory),
        lambda: access.dashboard_changes(specs, directory, numbers["dashboards"]),
        lambda: access.rule_changes(specs.access, directory, numbers["datasets"]),
        lambda: reports.report_changes(specs, directory.client, mailed, numbers),
        lambda: owned.user_prunes(specs.access, directory),
        lambda: prunes,
        lambda: owned.register_changes(specs.access, directory, kept),
    )
    for find in finders:
        for change in find():
            steps.append(Step(change.verb, change.label, change.fields, change.drift))
            if not plan_only:
                change.do()
    said = [f"role {name}: it left superset/access.yml, but {', '.join(by)} has it" for name, by in kept.items()]
    return steps, said


def _send(client: Client, chosen: list[Asset]) -> None:
    if chosen:
        client.import_assets(*bundle(chosen))


def _sql_lab(client: Client, connections: list[Asset], live: Live, *, plan_only: bool) -> int:
    """The id of the analysts' connection, which links to example queries carry. A fresh site gets it first."""
    analyst = next(asset for asset in connections if asset.name == "analyst")
    if live.find(analyst) is None and not plan_only:
        _send(client, connections)
        return ids(client)["databases"][str(analyst.uuid)]
    return live.ids["databases"].get(str(analyst.uuid), 0)


def _link(client: Client, specs: Specs, wanted: list[Asset], numbers: verify.Ids) -> None:
    """Send a dashboard whose links the import lost once more, then fail loudly."""
    for dashboard in specs.dashboards.values():
        if verify.linked(client, dashboard, numbers):
            continue
        _send(client, [asset for asset in wanted if (asset.kind, asset.name) == ("dashboards", dashboard.name)])
        if not verify.linked(client, dashboard, numbers):
            raise CheckFailed(f"Superset does not link every chart of {dashboard.title!r}. Publish again.")


def _verify(
    client: Client, specs: Specs, wanted: list[Asset], plan: Plan, numbers: verify.Ids, *, fresh_data: bool
) -> dict[str, int]:
    """Ask each chart whose answer may differ from the one verified last; how many rows each gives."""
    if fresh_data:
        client.invalidate(sorted(numbers["datasets"].values()))
    _link(client, specs, wanted, numbers)
    return verify.all_answer(client, _touched(specs, plan, fresh_data=fresh_data), numbers)


def _touched(specs: Specs, plan: Plan, *, fresh_data: bool) -> list[Chart]:
    """The charts whose answer may differ from the one that was verified last."""
    sent = {(asset.kind, asset.name) for asset in plan.send}
    everything = fresh_data or any(kind == "databases" for kind, _ in sent)
    return [
        chart
        for chart in specs.charts.values()
        if everything or sent & {("charts", chart.name), ("datasets", specs.layer.twin(chart.dataset).name)}
    ]


@contextmanager
def _restored_on_failure(client: Client, plan: Plan, live: Live) -> Iterator[None]:
    """Put the assets back as they were found when a check fails, or gets no answer: nobody shall see half a site."""
    try:
        yield
    except LgsError:
        client.import_assets(*restoring(plan.send, live))
        present = ids(client)
        for asset in reversed([asset for asset in plan.send if live.find(asset) is None]):
            client.delete(f"/api/v1/{PATHS[asset.kind]}/{present[asset.kind][str(asset.uuid)]}")
        raise


def _prune(client: Client, plan: Plan, live: Live) -> None:
    for kind, uuid, _ in plan.prune:
        client.delete(f"/api/v1/{PATHS[kind]}/{live.ids[kind][uuid]}")


def publish(
    site: Site,
    layer: Layer,
    *,
    specs: Path,
    plan_only: bool = False,
    adopt: bool = False,
    fresh_data: bool = False,
    before_sending: Callable[[], None] = lambda: None,
    progress: Progress,
) -> Published:
    """Bring the site to what the folder ``specs`` says; with ``plan_only`` nothing is sent.

    ``adopt`` takes over existing objects that this project does not manage; ``fresh_data`` drops cached answers first
    and verifies every chart; it is what a publish needs after one that died since ``before_sending`` was called.
    Raises ``SpecError``, ``UsageError`` (a clash, a sign-in), ``CheckFailed`` (refused or unverified), ``Unreachable``.
    """
    with progress.step("Read specs") as step:
        read_specs = load_specs(specs, layer)
        twins = [twin for twin in layer.twins if twin.dataset]
        types = column_types(site.connections["reader"], twins)
        missing = unbuilt(twins, types)
        if missing and not plan_only:
            raise CheckFailed(f"The warehouse has no {', '.join(missing[:5])}. Run `lgs refresh` to build it first.")
        connections = databases(read_specs, site.connections, is_async=site.is_async)
        step.note = f"{len(read_specs.charts)} charts, {len(read_specs.dashboards)} dashboards"
    with progress.step("Compare with Superset") as step:
        client = Client(site.url, site.username, site.password, setting=site.sign_in_setting)
        live, directory, mailed = read(client), access.Directory.read(client), reports.read(client)
        adopted = [
            *clashes(desired(read_specs, types, connections, sql_lab=0), live),
            *owned.clashes(read_specs.access, directory, published=live.find(connections[0]) is not None),
            *reports.clashes(read_specs, mailed),
        ]
        refuse([] if adopt else adopted)
        sql_lab = _sql_lab(client, connections, live, plan_only=plan_only)
        wanted = desired(read_specs, types, connections, sql_lab=sql_lab)
        plan = make_plan(wanted, live)
        step.note = f"{len(plan.send)} to send, {len(plan.prune)} to prune"
    if not plan_only:
        with progress.step("Send what changed") as step:
            if plan.send:
                before_sending()
            _send(client, plan.send)
            step.note = f"{len(plan.send)} assets"
    numbers = live.ids if plan_only or not plan.send else ids(client)
    answers: dict[str, int] = {}
    if not plan_only:
        with progress.step("Verify charts") as step, _restored_on_failure(client, plan, live):
            answers = _verify(client, read_specs, wanted, plan, numbers, fresh_data=fresh_data)
            reports.require_numbers(read_specs, site.connections["reader"])
            step.rows = sum(answers.values())
            step.note = f"{len(answers)} charts answer" if answers else "all charts are linked"
    with progress.step("Access and reports") as step:
        reconciled, kept = _reconcile(read_specs, directory, site, numbers, mailed, plan_only=plan_only)
        step.note = f"{len(reconciled)} changes"
    if not plan_only:
        _prune(client, plan, live)
    unsent = tuple(read_specs.reports) if site.is_async and mailed is None else ()
    empty = tuple(name for name, rows in answers.items() if not rows)
    return Published((*plan.steps, *reconciled), plan_only, tuple(adopted), tuple(kept), unsent, empty, tuple(missing))
