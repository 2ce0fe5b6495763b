"""What each command does, as a function: it connects the rooms, and the work is done in them."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import takewhile
from pathlib import Path

from psycopg2.extensions import connection as Connection

from bootstrap import stack as stacks
from bootstrap.assets import Site, load_specs, publish
from bootstrap.assets.examples import write_examples
from bootstrap.assets.published import Published
from bootstrap.assets.questions import write_questions
from bootstrap.assets.spec import Specs
from bootstrap.backup import read_manifest, restore
from bootstrap.connection import alone, connected
from bootstrap.credentials import Passwords
from bootstrap.database import DatabaseUrl
from bootstrap.errors import OLD_DASHBOARDS, Interrupted, LgsError
from bootstrap.given import files_of, how_to_read, is_added_to, newest, or_demo, origin_of
from bootstrap.lines import lines
from bootstrap.overview import look_at_disk, told
from bootstrap.progress import Progress
from bootstrap.project import current
from bootstrap.refresh import Refreshed, close, fingerprint, refresh, rollback
from bootstrap.refresh.receipt import Receipt, read_receipts
from bootstrap.semantic.house_rules import write_definitions
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.reference import write_reference
from bootstrap.semantic.relations import write_relations
from bootstrap.semantic.spec import Layer
from bootstrap.settings import Settings
from bootstrap.stack import Stack
from bootstrap.watch import Watch


def up(
    settings: Settings,
    progress: Progress,
    *,
    restored: bool = False,
    allow_loss: bool = False,
    **publishing: bool,
) -> None:
    """Start, load and publish everything; ``restored`` keeps the loaded lines, whatever the settings name."""
    layer, specs = _definitions()
    stack = stacks.start(settings, progress=progress, wait=False)
    settings = or_demo(stack, settings, progress)
    kept = restored or (not allow_loss and is_added_to(stack, settings.source))
    refreshed = _refresh(stack, layer, specs, settings, progress, definitions_only=kept, allow_loss=allow_loss)
    with _until_published(refreshed.receipt):
        stacks.ready(stack, progress=progress)
        _publish(stack, layer, refreshed.receipt, progress, fresh=restored, **publishing)
    progress.say(_welcome(stacks.connect(settings), specs))  # with the passwords that are new


def load(
    settings: Settings,
    progress: Progress,
    *,
    sources: Sequence[Path | DatabaseUrl],
    append: bool,
    plan: bool,
    allow_loss: bool,
    cascade: bool,
    **publishing: bool,
) -> bool:
    """Refresh the data from each of ``sources``, or from the source of the settings, then publish.

    Of a plan, whether anything would change.

    Where one of several files fails, those before it are published, and what it raised is raised again.
    """
    layer, specs = _definitions()
    stack = stacks.connect(settings)
    how = {"plan_only": plan, "allow_loss": allow_loss, "cascade": cascade, "append": append}
    files = files_of(sources or [source for source in [settings.source] if source], append=append, plan=plan)
    given = [settings.model_copy(update={"source": path}) for path in files]
    done, failed = _each(given, lambda one: _refresh(stack, layer, specs, one, progress, **how), progress)
    receipt = done.receipt if done else None
    with _until_published(receipt, plan=plan):
        if not plan:
            stacks.restore_roles(stack)
        published = _publish(stack, layer, receipt, progress, plan=plan, **publishing)
    if failed:
        raise failed
    return plan and _planned(progress, published, done)


def _each(
    given: Sequence[Settings], refresh: Callable[[Settings], Refreshed], progress: Progress
) -> tuple[Refreshed | None, LgsError | None]:
    """Refresh with each of the settings; what the last one did, and what stopped one that was not the first."""
    done = None
    for number, settings in enumerate(given):
        try:
            done = refresh(settings)
        except LgsError as error:
            if not number:
                raise
            said = f"{number} of {len(given)} files were loaded; {settings.source} and what follows it were not."
            progress.say(said)
            return done, error
        except Interrupted as stop:
            if number:
                stop.add_note(f"{number} of {len(given)} files were loaded before it. {OLD_DASHBOARDS}")
            raise
    return done, None


def watch(settings: Settings, progress: Progress, *, folder: Path, is_published: bool) -> None:
    """Add each file that comes into ``folder`` until told to end; with ``is_published``, publish after each batch."""
    adding = _Adding(stacks.connect(settings), settings, progress, is_published)
    Watch(folder.absolute(), adding, progress, poll=settings.watch_poll).run()


@dataclass
class _Adding:
    """Fits ``bootstrap.watch.Pipeline``. Definitions are read for each batch, so that a changed one counts."""

    stack: Stack
    settings: Settings
    progress: Progress
    is_published: bool

    def prepare(self) -> None:
        self.layer, self.specs = _definitions()
        how_to_read(self.settings)  # a map that cannot be read is no file's fault
        last = newest(self.stack)
        if last and last.fingerprint != fingerprint(self.layer, self.specs.metric_uses()):
            _refresh(self.stack, self.layer, self.specs, self.settings, self.progress, definitions_only=True)

    def newest(self) -> int:
        last = newest(self.stack)
        return last.receipt_id or 0 if last else 0

    def holds(self, path: Path, after: int) -> bool:
        with connected(self.stack.url("warehouse")) as connection, connection.cursor() as cursor:
            found = {receipt.sha256 for receipt in read_receipts(cursor) if (receipt.receipt_id or 0) > after}
        return bool(found) and lines().sha256(path) in found

    def add(self, path: Path) -> None:
        given = self.settings.model_copy(update={"source": path})
        _refresh(self.stack, self.layer, self.specs, given, self.progress, append=True)

    def publish(self) -> None:
        last = newest(self.stack) if self.is_published else None
        if last and not last.assets:
            stacks.restore_roles(self.stack)
            _publish(self.stack, load_layer(current().views), last, self.progress)


def undo(settings: Settings, progress: Progress, *, to: int | None, plan: bool) -> bool:
    """Roll the newest refresh that changed lines back, or all after the receipt ``to``, then publish."""
    layer, specs = _definitions()
    stack = stacks.connect(settings)
    done = rollback(
        stack.url("warehouse"),
        layer,
        to=to,
        keep=settings.keep_refreshes,
        used_in=specs.metric_uses(),
        plan_only=plan,
        progress=progress,
    )
    progress.say("\n".join(done.lines()))
    with _until_published(done.receipt, plan=plan):
        published = _publish(stack, layer, done.receipt, progress, plan=plan)
    return plan and _planned(progress, published, done)


def close_month(settings: Settings, progress: Progress, *, month: date, reopen: bool, plan: bool) -> bool:
    """Declare a month complete, or let its open days decide again, then publish."""
    layer, specs = _definitions()
    stack = stacks.connect(settings)
    done = close(
        stack.url("warehouse"),
        layer,
        month=month,
        reopen=reopen,
        used_in=specs.metric_uses(),
        plan_only=plan,
        progress=progress,
    )
    progress.say("\n".join(done.lines()))
    with _until_published(done.receipt, plan=plan):
        published = _publish(stack, layer, done.receipt, progress, plan=plan)
    return plan and _planned(progress, published, done)


def publish_specs(settings: Settings, progress: Progress, *, plan: bool, **publishing: bool) -> bool:
    """Make Superset match the specs."""
    stack = stacks.connect(settings)
    layer = load_layer(current().views)
    receipt = newest(stack)
    with _until_published(receipt, plan=plan):
        published = _publish(stack, layer, receipt, progress, plan=plan, **publishing)
    return plan and _planned(progress, published)


def restore_backup(settings: Settings, progress: Progress, *, path: Path) -> None:
    """Replace what is there with a backup, then publish; if it fails, what was there is served again."""
    read_manifest(path)  # before anything is stopped
    stack = stacks.start(settings, progress=progress, site=False)
    try:
        restore(stack, path, progress=progress)
    except Exception as error:
        said = f"The restore failed, so the previous data is served again. {error}"
        print(said, file=sys.stderr)  # now, since serving it may fail as well
        raise
    finally:
        up(settings, progress, restored=True)


def write_pages(settings: Settings, folder: Path) -> list[str]:
    """Write the pages that are generated from the definitions and the loaded figures; return their names."""
    stack, layer = stacks.connect(settings), load_layer(current().views)
    write_reference(layer, folder / "metrics.md")
    write_relations(layer, folder / "relations.md")
    write_questions(load_specs(current().superset, layer), folder / "questions.md")
    write_examples(current().superset, folder / "examples.md")
    pages = ["metrics.md", "relations.md", "questions.md", "examples.md"]
    if not (current().views / "house_rules.yml").is_file():
        return pages
    with connected(stack.url("warehouse")) as connection, connection.cursor() as cursor:
        write_definitions(cursor, folder / "definitions.md")
    return [*pages, "definitions.md"]


def _definitions() -> tuple[Layer, Specs]:
    """What the project defines: read first, so that a wrong file stops a command before it begins."""
    layer = load_layer(current().views)
    return layer, load_specs(current().superset, layer)


def _refresh(
    stack: Stack, layer: Layer, specs: Specs, settings: Settings, progress: Progress, **options: bool
) -> Refreshed:
    with told(stack, settings, is_plan=options.get("plan_only", False)):
        refreshed = _refreshed(stack, layer, specs, settings, progress, **options)
    with _until_published(refreshed.receipt, plan=bool(options.get("plan_only"))):
        progress.say("\n".join(refreshed.lines()))
    return refreshed


def _refreshed(
    stack: Stack, layer: Layer, specs: Specs, settings: Settings, progress: Progress, **options: bool
) -> Refreshed:
    return refresh(
        stack.url("warehouse"),
        layer,
        source=origin_of(stack, settings, is_asked=not options.get("definitions_only")),
        how=how_to_read(settings),
        max_rejects=settings.max_rejects,
        max_loss=settings.max_loss,
        keep=settings.keep_refreshes,
        quarantine=settings.quarantine,
        look_first=partial(look_at_disk, stack, settings),
        used_in=specs.metric_uses(),
        progress=progress,
        **options,
    )


def _publish(
    stack: Stack,
    layer: Layer,
    receipt: Receipt | None,
    progress: Progress,
    *,
    plan: bool = False,
    fresh: bool = False,
    verbose: bool = False,
    **allowed: bool,
) -> Published:
    """Publish, and note on the receipt of the data what was done.

    Until that stands there, cached answers are old; ``fresh`` says so for another reason. ``allowed``: ``adopt`` and
    ``orphan``. Raises ``Locked`` when another refresh or publish runs.
    """
    any_changed = fresh
    fresh = fresh or (receipt is not None and not receipt.assets)
    with alone(stack.url("warehouse")) as connection:
        changed = None if any_changed or plan else _changed(connection)
        published = publish(
            site_of(stack),
            layer,
            specs=current().superset,
            plan_only=plan,
            fresh_data=fresh,
            changed=changed,
            progress=progress,
            **allowed,
        )
        if not plan and (fresh or published.changed):
            _note(connection, receipt, published.counts)
    progress.say("\n".join(published.lines(verbose=verbose)))
    return published


@contextmanager
def _until_published(receipt: Receipt | None, *, plan: bool = False) -> Iterator[None]:
    """Whatever keeps the dashboards from showing the data of this receipt says that they are old."""
    try:
        yield
    except BaseException as error:
        if receipt and not receipt.assets and not plan:
            error.add_note(OLD_DASHBOARDS)
        raise


def _planned(progress: Progress, published: Published, data: Refreshed | None = None) -> bool:
    """The verdict of a plan: whether anything would change."""
    number = len(published.changes)
    what = ["the data"] if data and data.changed else []
    what += [f"{number:,} object{'s' if number > 1 else ''} in Superset"] if number else []
    progress.say(f"It would change {' and '.join(what)}." if what else "Nothing would change.")
    return bool(what)


def _changed(connection: Connection) -> list[str] | None:
    """The relations that changed since the dashboards last showed all of them; ``None``: any may have."""
    with connection, connection.cursor() as cursor:
        unseen = list(takewhile(lambda receipt: not receipt.assets, read_receipts(cursor)))
    if any(receipt.relations is None for receipt in unseen):
        return None
    return sorted({name for receipt in unseen for name in receipt.relations or ()})


def _note(connection: Connection, receipt: Receipt | None, assets: dict[str, int]) -> None:
    if receipt:
        with connection, connection.cursor() as cursor:
            receipt.add_assets(cursor, assets)


def site_of(stack: Stack) -> Site:
    """The stack's Superset, as a publish needs it."""
    return Site(
        url=stack.superset_url,
        username=stack.superset_username,
        password=stack.superset_password,
        connections={"reader": stack.url("reader"), "analyst": stack.url("analyst")},
        users=Passwords(stack.credentials),
        ledger=stack.url("warehouse"),
        is_async=stack.settings.superset_async,
        sign_in_setting=stack.sign_in_setting,
    )


def _welcome(stack: Stack, specs: Specs) -> str:
    """Where the site is and the passwords are; the file keeps those of people who left, for when they come back."""
    path, variables = stack.credentials.path, stack.credentials.variables
    people = {user: f"{variables[user]} in {path}" for user in specs.access.users if user in variables}
    lines = [f"  {user}: {place}" for user, place in {stack.superset_username: stack.sign_in_setting, **people}.items()]
    return "\n".join([f"\nOpen {stack.public_url}. The passwords:", *lines])
