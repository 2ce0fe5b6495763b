"""The ``lgs`` command. Each subcommand only connects rooms; the work is done in them."""

import json
import sys
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from psycopg2.extensions import connection as Connection
from typer.cli import get_docs_for_click
from typer.main import get_command

from bootstrap import stack as stacks
from bootstrap.backup import backup, read_manifest, restore
from bootstrap.connection import alone, connected
from bootstrap.credentials import Passwords
from bootstrap.errors import LgsError
from bootstrap.layer.house_rules import write_definitions
from bootstrap.layer.loader import load_layer
from bootstrap.layer.reference import write_reference
from bootstrap.layer.relations import write_relations
from bootstrap.layer.spec import Layer
from bootstrap.progress import Progress
from bootstrap.publish import Site, load_specs, publish
from bootstrap.publish.examples import write_examples
from bootstrap.publish.questions import write_questions
from bootstrap.receipt import Receipt, newest_receipt
from bootstrap.refresh import Refreshed, close, refresh, rollback
from bootstrap.settings import Settings, data_folder, load_settings
from bootstrap.stack import Stack
from warehouse.demo import DEMO_FILE, write_demo
from warehouse.maps import Map, said

FIRST_DAY, LAST_DAY = datetime(2009, 12, 1), datetime(2011, 12, 9)

app = typer.Typer(
    name="lgs",
    help="Turn the shop's transaction dump into a semantic layer and a self-service BI site, and keep both true.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

SourceOption = Annotated[
    Path | None, typer.Option("--source", help="The dump to load (LGS_SOURCE).", show_default=False)
]
MaxRejectsOption = Annotated[
    float | None, typer.Option(help="Share of lines that may be rejected (LGS_MAX_REJECTS).", show_default="0.001")
]
MapOption = Annotated[
    str | None, typer.Option("--map", help="How to read it: a YAML file, or shopify, woocommerce (LGS_MAP).")
]
DatesOption = Annotated[str | None, typer.Option(help="day-first or month-first: what 01/12/2010 means (LGS_DATES).")]
OnlyOption = Annotated[list[str] | None, typer.Option(help="A table or sheet to read, and no other (LGS_ONLY).")]
SkipOption = Annotated[list[str] | None, typer.Option(help="A table or sheet to leave out (LGS_SKIP).")]
LossOption = Annotated[
    bool, typer.Option("--allow-loss", help="Load a file even if it takes months or many lines away.")
]
Uses = dict[str, list[str]]
AdoptOption = Annotated[bool, typer.Option("--adopt", help="Take over objects in Superset that lgs did not make.")]
PlanOption = Annotated[bool, typer.Option("--plan", help="Show what would change, and change nothing.")]


class Address(StrEnum):
    """What ``lgs url`` can name."""

    superset = "superset"
    warehouse = "warehouse"
    reader = "reader"
    analyst = "analyst"


def main() -> None:
    """Run the command; an expected error becomes one message and its exit code."""
    try:
        app()
    except LgsError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None


@app.command()
def up(
    source: SourceOption = None,
    map_name: MapOption = None,
    dates: DatesOption = None,
    only: OnlyOption = None,
    skip: SkipOption = None,
    max_rejects: MaxRejectsOption = None,
    allow_loss: LossOption = False,
    adopt: AdoptOption = False,
) -> None:
    """Start everything, load the data and publish the dashboards.

    Example: lgs up --source retail.sql.gz
    """
    settings = load_settings(source=source, map=map_name, dates=dates, only=only, skip=skip, max_rejects=max_rejects)
    _everything(settings, Progress(), adopt=adopt, allow_loss=allow_loss)


@app.command()
def down() -> None:
    """Stop the embedded servers; the data stays.

    Example: lgs down
    """
    for name in stacks.stop(load_settings()):
        typer.echo(f"✓ {name} stopped")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say what runs where, how fresh the data is and how many lines there are.

    Example: lgs status --json
    """
    settings = load_settings()
    services = stacks.status(settings)
    data = _freshness(stacks.connect(settings)) if services.warehouse_answers else {}
    if as_json:
        typer.echo(json.dumps({**services.model_dump(mode="json"), "data": data}, indent=2))
        return
    for line in services.lines():
        typer.echo(line)
    for name, value in data.items():
        typer.echo(f"  {name.replace('_', ' '):<12} {value}")
    if not data:
        typer.echo("There is no data to speak of. Start and load: lgs up")


@app.command("refresh")
def refresh_command(
    source: SourceOption = None,
    map_name: MapOption = None,
    dates: DatesOption = None,
    only: OnlyOption = None,
    skip: SkipOption = None,
    max_rejects: MaxRejectsOption = None,
    allow_loss: LossOption = False,
    plan: PlanOption = False,
    adopt: AdoptOption = False,
) -> None:
    """Load, build, check and commit new data, then publish.

    The file replaces everything that is loaded, so it must hold all of it, not only the newest month.

    Example: lgs refresh --source retail.sql.gz --plan
    """
    settings = load_settings(source=source, map=map_name, dates=dates, only=only, skip=skip, max_rejects=max_rejects)
    progress = Progress()
    layer, used_in = _definitions()
    stack = stacks.connect(settings)
    refreshed = _refresh(stack, layer, used_in, settings, progress, plan_only=plan, allow_loss=allow_loss)
    if not plan:
        stacks.restore_roles(stack)
    _publish(stack, layer, refreshed.receipt, progress, plan=plan, adopt=adopt)


@app.command("rollback")
def rollback_command(plan: PlanOption = False) -> None:
    """Undo the newest refresh that changed lines, then publish.

    The lines that it replaced were kept. Rolling back once more goes forward again. A later refresh or up that is
    given the undone file loads it again; without --source and LGS_SOURCE they leave the lines alone.

    Example: lgs rollback --plan
    """
    settings, progress = load_settings(), Progress()
    layer, used_in = _definitions()
    stack = stacks.connect(settings)
    done = rollback(stack.url("warehouse"), layer, used_in=used_in, plan_only=plan, progress=progress)
    progress.say("\n".join(done.lines()))
    _publish(stack, layer, done.receipt, progress, plan=plan)


@app.command("close")
def close_command(
    month: Annotated[datetime, typer.Argument(formats=["%Y-%m"], help="The month, such as 2010-12.", metavar="MONTH")],
    reopen: Annotated[bool, typer.Option("--reopen", help="Let the open days decide again.")] = False,
    plan: PlanOption = False,
) -> None:
    """Declare a month complete although open days have no lines, then publish.

    Charts and comparisons then treat it like any other complete month.

    Example: lgs close 2010-12
    """
    settings, progress = load_settings(), Progress()
    layer, used_in = _definitions()
    stack = stacks.connect(settings)
    done = close(
        stack.url("warehouse"),
        layer,
        month=month.date(),
        reopen=reopen,
        used_in=used_in,
        plan_only=plan,
        progress=progress,
    )
    progress.say("\n".join(done.lines()))
    _publish(stack, layer, done.receipt, progress, plan=plan)


@app.command("publish")
def publish_command(plan: PlanOption = False, adopt: AdoptOption = False) -> None:
    """Bring Superset's datasets, charts, dashboards and roles up to the specs.

    Example: lgs publish --plan
    """
    progress = Progress()
    stack = stacks.connect(load_settings())
    layer = load_layer(data_folder("views"))
    _publish(stack, layer, _newest(stack), progress, plan=plan, adopt=adopt)


@app.command()
def url(name: Annotated[Address, typer.Argument(help="Which address.")]) -> None:
    """Print one connection address, password included.

    Example: psql "$(lgs url analyst)"
    """
    typer.echo(stacks.connect(load_settings()).url(name.value))


@app.command()
def docs(folder: Annotated[Path, typer.Argument(help="Where the pages stand.")] = Path("docs")) -> None:
    """Write the pages that are generated: commands, metrics, questions, and house rules with the loaded figures.

    Example: lgs docs
    """
    stack, layer = stacks.connect(load_settings()), load_layer(data_folder("views"))
    (folder / "commands.md").write_text(command_reference(), encoding="utf-8")
    write_reference(layer, folder / "metrics.md")
    write_relations(layer, folder / "relations.md")
    write_questions(data_folder("superset"), load_specs(data_folder("superset"), layer), folder / "questions.md")
    write_examples(data_folder("superset"), folder / "examples.md")
    with connected(stack.url("warehouse")) as connection, connection.cursor() as cursor:
        write_definitions(cursor, folder / "definitions.md")
    pages = "commands.md, metrics.md, relations.md, questions.md, examples.md and definitions.md"
    typer.echo(f"✓ {pages} written to {folder}")


@app.command()
def demo(
    path: Annotated[Path, typer.Argument(help="The dump to write; .gz compresses it.")],
    lines: Annotated[int, typer.Option(help="How many lines.")] = 200_000,
    seed: Annotated[int, typer.Option(help="Another seed is another shop; the same is the same, byte for byte.")] = 1,
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = FIRST_DAY,
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = LAST_DAY,
) -> None:
    """Write the dump of a generated shop, to look around in or to try a size.

    Example: lgs demo shop.sql.gz --lines 1000000
    """
    progress = Progress()
    with progress.step("Demo shop") as step:
        step.rows = write_demo(path, lines=lines, seed=seed, start=start.date(), end=end.date())
        step.note = str(path)


@app.command("backup")
def backup_command(path: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Write the warehouse, Superset's metadata and all that users made to one file.

    Example: lgs backup lgs-november.tar
    """
    backup(stacks.connect(load_settings()), path.absolute(), progress=Progress())


@app.command("restore")
def restore_command(path: Annotated[Path, typer.Argument(help="A file that lgs backup wrote.")]) -> None:
    """Put a backup in place of what is there, then publish.

    The lines are those of the backup, whatever LGS_SOURCE names. A later refresh or up loads that file again.

    Example: lgs restore lgs-november.tar
    """
    settings, progress = load_settings(), Progress()
    read_manifest(path.absolute())  # before anything is stopped
    stack = stacks.start(settings, progress=progress, site=False)
    try:
        restore(stack, path.absolute(), progress=progress)
    except Exception as error:
        typer.echo(f"The restore failed, and what stands is served again. {error}", err=True)  # which may fail as well
        raise
    finally:
        _everything(settings, progress, restored=True)


def command_reference() -> str:
    """Every command with its arguments and options, as Markdown."""
    command = get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="lgs", title="The lgs command")
    return text.rstrip() + "\n"


def _everything(
    settings: Settings, progress: Progress, *, adopt: bool = False, restored: bool = False, allow_loss: bool = False
) -> None:
    layer, used_in = _definitions()
    stack = stacks.start(settings, progress=progress, wait=False)
    settings = _first_source(stack, settings, progress)
    refreshed = _refresh(stack, layer, used_in, settings, progress, definitions_only=restored, allow_loss=allow_loss)
    stacks.ready(stack, progress=progress)
    _publish(stack, layer, refreshed.receipt, progress, adopt=adopt, fresh=restored)
    progress.say(_welcome(stacks.connect(settings)))  # with the passwords that are new


def _definitions() -> tuple[Layer, Uses]:
    """The layer and the charts of each metric: read first, so that a wrong file stops a command before it begins."""
    layer = load_layer(data_folder("views"))
    return layer, load_specs(data_folder("superset"), layer).metric_uses()


def _refresh(
    stack: Stack, layer: Layer, used_in: Uses, settings: Settings, progress: Progress, **options: bool
) -> Refreshed:
    refreshed = refresh(
        stack.url("warehouse"),
        layer,
        source=settings.source,
        how=_how(settings),
        max_rejects=settings.max_rejects,
        max_loss=settings.max_loss,
        used_in=used_in,
        progress=progress,
        **options,
    )
    progress.say("\n".join(refreshed.lines()))
    return refreshed


def _how(settings: Settings) -> Map:
    """What is said of the file."""
    shop = {"currency": settings.currency, "time_zone": settings.time_zone}
    return said(settings.map, dates=settings.dates, only=settings.only, skip=settings.skip, **shop)


def _publish(
    stack: Stack,
    layer: Layer,
    receipt: Receipt | None,
    progress: Progress,
    *,
    plan: bool = False,
    adopt: bool = False,
    fresh: bool = False,
) -> None:
    """Publish, and note on the receipt of the data what was done.

    Until that stands there, cached answers are old, and what a publish sent that died is not verified; ``fresh`` says
    so for another reason. Raises ``Locked`` when another refresh or publish runs.
    """
    fresh = fresh or (receipt is not None and not receipt.assets)
    with alone(stack.url("warehouse")) as connection:
        published = publish(
            site_of(stack),
            layer,
            specs=data_folder("superset"),
            plan_only=plan,
            adopt=adopt,
            fresh_data=fresh,
            before_sending=partial(_note, connection, receipt, {}),
            progress=progress,
        )
        if not plan and (fresh or published.changed):
            _note(connection, receipt, published.counts)
    progress.say("\n".join(published.lines()))


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
        is_async=stack.settings.superset_async,
        sign_in_setting=stack.sign_in_setting,
    )


def _first_source(stack: Stack, settings: Settings, progress: Progress) -> Settings:
    """The settings with the demo shop as their source, where none is named and none was loaded before."""
    if settings.source or _newest(stack):
        return settings
    path = settings.state / DEMO_FILE
    with progress.step("Demo shop") as step:
        step.rows = write_demo(path)
        step.note = "generated, because no source was named; yours: lgs up --source PATH"
    return settings.model_copy(update={"source": path})


def _newest(stack: Stack) -> Receipt | None:
    with connected(stack.url("warehouse")) as connection, connection.cursor() as cursor:
        return newest_receipt(cursor)


def _freshness(stack: Stack) -> dict[str, object]:
    receipt = _newest(stack)
    if receipt is None:
        return {}
    facts = receipt.model_dump(
        mode="json", include={"refreshed_at", "source", "form", "sha256", "lines_read", "lines_kept"}
    )
    return {**facts, "lines_rejected": sum(receipt.rejected.values()), **receipt.after}


def _welcome(stack: Stack) -> str:
    users = ", ".join(stack.credentials.users)
    return f"\nOpen {stack.public_url} as {users}; the passwords are in {stack.credentials.path}"
