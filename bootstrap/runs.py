"""What each command does, as a function: it connects the rooms, and the work is done in them."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
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
from bootstrap.database import Database, DatabaseUrl, Origin, table_of
from bootstrap.errors import OLD_DASHBOARDS, CheckFailed, Interrupted, LgsError, Locked, Unreachable, UsageError
from bootstrap.lines import How, SetAside, lines
from bootstrap.progress import Progress
from bootstrap.project import current
from bootstrap.refresh import Refreshed, close, fingerprint, refresh, rollback
from bootstrap.refresh.attempt import Attempt
from bootstrap.refresh.history import failures, history_lines, metric_lines, receipts
from bootstrap.refresh.receipt import Receipt, newest_receipt, read_receipts
from bootstrap.semantic.house_rules import write_definitions
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.reference import write_reference
from bootstrap.semantic.relations import write_relations
from bootstrap.semantic.spec import Layer
from bootstrap.settings import Settings
from bootstrap.stack import Data, Failure, Stack, Status
from bootstrap.stack.alert import last_told, note_failure, tell
from bootstrap.stack.disk import explain_full, require_room
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
    settings = _first_source(stack, settings, progress)
    kept = restored or (not allow_loss and _is_added_to(stack, settings.source))
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
    files = _files(sources or [source for source in [settings.source] if source], append=append, plan=plan)
    done, failed = None, None
    for number, path in enumerate(files):
        given = settings.model_copy(update={"source": path})
        try:
            done = _refresh(stack, layer, specs, given, progress, **how)
        except LgsError as error:
            if not number:
                raise
            progress.say(f"{number} of {len(files)} files were loaded; {path} and what follows it were not.")
            failed = error
            break
        except Interrupted as stop:
            if number:
                stop.add_note(f"{number} of {len(files)} files were loaded before it. {OLD_DASHBOARDS}")
            raise
    receipt = done.receipt if done else None
    with _until_published(receipt, plan=plan):
        if not plan:
            stacks.restore_roles(stack)
        published = _publish(stack, layer, receipt, progress, plan=plan, **publishing)
    if failed:
        raise failed
    return plan and _planned(progress, published, done)


def _files(sources: Sequence[Path | DatabaseUrl], *, append: bool, plan: bool) -> list[Path | DatabaseUrl | None]:
    """What to load, one after the other; the files of a folder by name. ``None`` stands for the last source."""
    files: list[Path | DatabaseUrl] = []
    for source in sources:
        files += _in_folder(source) if append and isinstance(source, Path) and source.is_dir() else [source]
    if append and not files:
        raise UsageError("Name what to add, a file or the URL of a database: lgs refresh --append --source PATH.")
    if len(files) > 1 and not append:
        raise UsageError(
            "Each file replaces the one before it, so only one can be loaded. To add the others to it, say --append."
        )
    if len(files) > 1 and plan:
        raise UsageError("A plan is of one file, since the next one adds to what it leaves. Name one.")
    return [*files] or [None]


def _in_folder(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if not files:
        raise UsageError(f"There is no file in {folder}. Name one, or a folder that has some.")
    return files


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
        _how(self.settings)
        last = _newest(self.stack)
        if last and last.fingerprint != fingerprint(self.layer, self.specs.metric_uses()):
            _refresh(self.stack, self.layer, self.specs, self.settings, self.progress, definitions_only=True)

    def newest(self) -> int:
        last = _newest(self.stack)
        return last.receipt_id or 0 if last else 0

    def holds(self, path: Path, after: int) -> bool:
        with connected(self.stack.url("warehouse")) as connection, connection.cursor() as cursor:
            found = {receipt.sha256 for receipt in read_receipts(cursor) if (receipt.receipt_id or 0) > after}
        return bool(found) and lines().sha256(path) in found

    def add(self, path: Path) -> None:
        given = self.settings.model_copy(update={"source": path})
        _refresh(self.stack, self.layer, self.specs, given, self.progress, append=True)

    def publish(self) -> None:
        last = _newest(self.stack) if self.is_published else None
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
    receipt = _newest(stack)
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


def look(settings: Settings) -> Status:
    """What runs, which data is loaded, and whether all is well."""
    found = stacks.status(settings)
    told: dict[str, Data | Failure | tuple[SetAside, ...] | None] = {}
    if found.warehouse_answers and found.passwords != "missing":
        stack = stacks.connect(settings)
        (receipt, aside), failed = _newest_and_aside(stack), failures(stack.url("warehouse"))[:1]
        told = {"data": _data(receipt) if receipt else None, "last_failure": _failure(receipt, *failed)}
        told |= {"quarantine": tuple(aside)}
    return found.model_copy(update=told).judged(stale_hours=settings.stale_hours)


def _failure(receipt: Receipt | None, attempt: Attempt | None = None) -> Failure | None:
    """The attempt, unless a refresh was committed since."""
    is_over = receipt and attempt and (receipt.refreshed_at or 0) > (attempt.failed_at or 0)  # type: ignore[operator]
    return None if attempt is None or is_over else Failure(**attempt.model_dump(exclude={"seconds"}))


def _newest_and_aside(stack: Stack) -> tuple[Receipt | None, list[SetAside]]:
    with connected(stack.url("warehouse")) as connection, connection.cursor() as cursor:
        receipt = newest_receipt(cursor)
        return receipt, lines().set_aside(cursor) if receipt else []


def alert(settings: Settings, found: Status) -> None:
    """Send what was found, unless that was sent last. A refresh that failed stays told until one succeeds."""
    if found.verdict == "all well" and last_told(settings).verdict == "failed":
        return
    since = found.data.refreshed_at if found.data and found.verdict == "stale" else None
    key = found.verdict if found.verdict in ("all well", "stale") else f"{found.verdict}: {found.advice}"
    tell(settings, key=key, verdict=found.verdict, what=found.advice, since=since)


def write_metrics(settings: Settings, found: Status, path: Path) -> None:
    """Write the status as metrics, so that a reader never sees half of them."""
    making = path.with_name(f".{path.name}.part")
    try:
        making.write_text(found.prometheus(failed_at=last_told(settings).failed_at), encoding="utf-8")
        making.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}. Name another file.") from error


def _data(receipt: Receipt) -> Data:
    facts = receipt.model_dump(include={"refreshed_at", "source", "form", "sha256", "lines_read", "lines_kept"})
    age = (datetime.now(UTC) - (receipt.refreshed_at or datetime.now(UTC))).total_seconds() / 3600
    state = {"age_hours": round(age, 2), "published": bool(receipt.assets)}
    return Data(**facts, lines_rejected=sum(receipt.rejected.values()), **state, **receipt.after)


def tell_history(settings: Settings, metric: str | None, month: date | None, *, most: int) -> list[str]:
    """The ``most`` newest refreshes, or the changes of one number, in words."""
    url = stacks.connect(settings).url("warehouse")
    found = receipts(url)
    return [*(metric_lines(found, metric, month) if metric else history_lines(found[:most], failures(url)))]


def _definitions() -> tuple[Layer, Specs]:
    """What the project defines: read first, so that a wrong file stops a command before it begins."""
    layer = load_layer(current().views)
    return layer, load_specs(current().superset, layer)


def _refresh(
    stack: Stack, layer: Layer, specs: Specs, settings: Settings, progress: Progress, **options: bool
) -> Refreshed:
    with _told(stack, settings, is_plan=options.get("plan_only", False)):
        refreshed = _refreshed(stack, layer, specs, settings, progress, **options)
    with _until_published(refreshed.receipt, plan=bool(options.get("plan_only"))):
        progress.say("\n".join(refreshed.lines()))
    return refreshed


@contextmanager
def _told(stack: Stack, settings: Settings, *, is_plan: bool) -> Iterator[None]:
    """Tell people of a refresh that fails, and once more when one succeeds."""
    folder = stack.postgres.folder if settings.warehouse_url is None else None
    try:
        yield
        if not is_plan and last_told(settings).verdict == "failed":
            _tell_or_say(partial(tell, settings, key="all well", verdict="all well"))
    except Locked:
        raise
    except LgsError as error:
        full = explain_full(folder, str(error)) if folder and isinstance(error, Unreachable) else None
        failed = CheckFailed(full) if full else error
        if not is_plan:
            _tell_or_say(partial(note_failure, settings, str(failed)))
        raise failed from error


def _look_at_disk(stack: Stack, settings: Settings, source: Origin | None, is_first: bool) -> None:
    """Of a named server the disk is not known, and of a database that is read the size is not."""
    if settings.warehouse_url is None:
        file = source if isinstance(source, Path) else None
        require_room(stack.postgres.folder, file, reserve=settings.disk_reserve, is_first=is_first)


def _tell_or_say(send: Callable[[], object]) -> None:
    try:
        send()
    except (LgsError, OSError) as error:  # what failed first is what the caller has to hear
        print(f"The alert could not be sent. {error}", file=sys.stderr)


def _refreshed(
    stack: Stack, layer: Layer, specs: Specs, settings: Settings, progress: Progress, **options: bool
) -> Refreshed:
    return refresh(
        stack.url("warehouse"),
        layer,
        source=_origin(stack, settings, is_asked=not options.get("definitions_only")),
        how=_how(settings),
        max_rejects=settings.max_rejects,
        max_loss=settings.max_loss,
        keep=settings.keep_refreshes,
        quarantine=settings.quarantine,
        look_first=partial(_look_at_disk, stack, settings),
        used_in=specs.metric_uses(),
        progress=progress,
        **options,
    )


def _origin(stack: Stack, settings: Settings, *, is_asked: bool) -> Origin | None:
    """The named source, or without one the database that was read last; a file that was is found by its receipt."""
    named, table = settings.source, None
    if named is None and is_asked and (newest := _newest(stack)) and not newest.is_append:
        named, table = table_of(newest.source) or (None, None)
    if not isinstance(named, DatabaseUrl):
        return named
    password = settings.source_password.get_secret_value() if settings.source_password else None
    return Database(
        url=named.with_password(password),
        table=settings.table or table or lines().table,
        look_back=settings.look_back,
        seconds=settings.source_timeout,
    )


def _how(settings: Settings) -> How:
    """What is said of the file."""
    return lines().said(settings.map, dates=settings.dates, only=settings.only, skip=settings.skip)


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


def _first_source(stack: Stack, settings: Settings, progress: Progress) -> Settings:
    """The settings with the demo shop as their source, where none is named and none was loaded before."""
    if settings.source or not lines().demo_file or _newest(stack):
        return settings
    path = settings.state / lines().demo_file
    with progress.step("Demo shop") as step:
        step.rows = lines().write_demo(path)
        step.note = "synthetic data, because no source was given. To load yours: lgs up --source PATH"
    return settings.model_copy(update={"source": path})


def _is_added_to(stack: Stack, source: Path | DatabaseUrl | None) -> bool:
    """Whether other files were added to this one since it was loaded: it is held, and they are to stay."""
    with connected(stack.url("warehouse")) as connection, connection.cursor() as cursor:
        found = read_receipts(cursor)
    if not found or not found[0].is_append or not isinstance(source, Path) or not source.is_file():
        return False
    base = next((receipt for receipt in found if not receipt.is_append), None)
    return base is not None and lines().sha256(source) == base.sha256


def _newest(stack: Stack) -> Receipt | None:
    with connected(stack.url("warehouse")) as connection, connection.cursor() as cursor:
        return newest_receipt(cursor)


def _welcome(stack: Stack, specs: Specs) -> str:
    """Where the site is and the passwords are; the file keeps those of people who left, for when they come back."""
    path, variables = stack.credentials.path, stack.credentials.variables
    people = {user: f"{variables[user]} in {path}" for user in specs.access.users if user in variables}
    lines = [f"  {user}: {place}" for user, place in {stack.superset_username: stack.sign_in_setting, **people}.items()]
    return "\n".join([f"\nOpen {stack.public_url}. The passwords:", *lines])
