"""What each command does, as a function: it connects the rooms, and the work is done in them."""

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from psycopg2.extensions import connection as Connection

from bootstrap import stack as stacks
from bootstrap.assets import Site, load_specs, publish
from bootstrap.assets.examples import write_examples
from bootstrap.assets.questions import write_questions
from bootstrap.assets.spec import Specs
from bootstrap.backup import read_manifest, restore
from bootstrap.connection import alone, connected
from bootstrap.credentials import Passwords
from bootstrap.database import Database, DatabaseUrl, Origin, table_of
from bootstrap.errors import LgsError, UsageError
from bootstrap.lines import How, lines
from bootstrap.progress import Progress
from bootstrap.project import current
from bootstrap.refresh import Refreshed, close, refresh, rollback
from bootstrap.refresh.history import history_lines, metric_lines, receipts
from bootstrap.refresh.receipt import Receipt, newest_receipt, read_receipts
from bootstrap.semantic.house_rules import write_definitions
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.reference import write_reference
from bootstrap.semantic.relations import write_relations
from bootstrap.semantic.spec import Layer
from bootstrap.settings import Settings
from bootstrap.stack import Data, Stack, Status


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
) -> None:
    """Refresh the data from each of ``sources``, or from the source of the settings, then publish.

    Where one of several files fails, those before it are published, and what it raised is raised again.
    """
    layer, specs = _definitions()
    stack = stacks.connect(settings)
    how = {"plan_only": plan, "allow_loss": allow_loss, "cascade": cascade, "append": append}
    files = _files(sources or [source for source in [settings.source] if source], append=append, plan=plan)
    receipt, failed = None, None
    for number, path in enumerate(files):
        given = settings.model_copy(update={"source": path})
        try:
            receipt = _refresh(stack, layer, specs, given, progress, **how).receipt
        except LgsError as error:
            if not number:
                raise
            progress.say(f"{number} of {len(files)} files were loaded; {path} and what follows it were not.")
            failed = error
            break
    if not plan:
        stacks.restore_roles(stack)
    _publish(stack, layer, receipt, progress, plan=plan, **publishing)
    if failed:
        raise failed


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


def undo(settings: Settings, progress: Progress, *, plan: bool) -> None:
    """Roll the newest refresh that changed lines back, then publish."""
    layer, specs = _definitions()
    stack = stacks.connect(settings)
    done = rollback(stack.url("warehouse"), layer, used_in=specs.metric_uses(), plan_only=plan, progress=progress)
    progress.say("\n".join(done.lines()))
    _publish(stack, layer, done.receipt, progress, plan=plan)


def close_month(settings: Settings, progress: Progress, *, month: date, reopen: bool, plan: bool) -> None:
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
    _publish(stack, layer, done.receipt, progress, plan=plan)


def publish_specs(settings: Settings, progress: Progress, *, plan: bool, **publishing: bool) -> None:
    """Make Superset match the specs."""
    stack = stacks.connect(settings)
    layer = load_layer(current().views)
    _publish(stack, layer, _newest(stack), progress, plan=plan, **publishing)


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
    receipt = _newest(stacks.connect(settings)) if found.warehouse_answers else None
    data = _data(receipt) if receipt else None
    return found.model_copy(update={"data": data}).judged(stale_hours=settings.stale_hours)


def _data(receipt: Receipt) -> Data:
    facts = receipt.model_dump(include={"refreshed_at", "source", "form", "sha256", "lines_read", "lines_kept"})
    age = (datetime.now(UTC) - (receipt.refreshed_at or datetime.now(UTC))).total_seconds() / 3600
    state = {"age_hours": round(age, 2), "published": bool(receipt.assets)}
    return Data(**facts, lines_rejected=sum(receipt.rejected.values()), **state, **receipt.after)


def tell_history(settings: Settings, metric: str | None, month: date | None, *, most: int) -> list[str]:
    """The ``most`` newest refreshes, or the changes of one number, in words."""
    found = receipts(stacks.connect(settings).url("warehouse"))
    return [*(metric_lines(found, metric, month) if metric else history_lines(found[:most]))]


def _definitions() -> tuple[Layer, Specs]:
    """What the project defines: read first, so that a wrong file stops a command before it begins."""
    layer = load_layer(current().views)
    return layer, load_specs(current().superset, layer)


def _refresh(
    stack: Stack, layer: Layer, specs: Specs, settings: Settings, progress: Progress, **options: bool
) -> Refreshed:
    refreshed = refresh(
        stack.url("warehouse"),
        layer,
        source=_origin(stack, settings, is_asked=not options.get("definitions_only")),
        how=_how(settings),
        max_rejects=settings.max_rejects,
        max_loss=settings.max_loss,
        used_in=specs.metric_uses(),
        progress=progress,
        **options,
    )
    progress.say("\n".join(refreshed.lines()))
    return refreshed


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
) -> None:
    """Publish, and note on the receipt of the data what was done.

    Until that stands there, cached answers are old; ``fresh`` says so for another reason. ``allowed``: ``adopt`` and
    ``orphan``. Raises ``Locked`` when another refresh or publish runs.
    """
    fresh = fresh or (receipt is not None and not receipt.assets)
    with alone(stack.url("warehouse")) as connection:
        published = publish(
            site_of(stack),
            layer,
            specs=current().superset,
            plan_only=plan,
            fresh_data=fresh,
            progress=progress,
            **allowed,
        )
        if not plan and (fresh or published.changed):
            _note(connection, receipt, published.counts)
    progress.say("\n".join(published.lines(verbose=verbose)))


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
