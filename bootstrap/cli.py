"""The ``lgs`` command: arguments in, exit codes out."""

import sys
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from typer.cli import get_docs_for_click
from typer.main import get_command

from bootstrap import asking, overview, runs
from bootstrap import stack as stacks
from bootstrap.backup import backup
from bootstrap.database import DatabaseUrl, path_or_url
from bootstrap.errors import WOULD_CHANGE, Interrupted, LgsError, said
from bootstrap.interruption import interruptible
from bootstrap.lines import lines as kept_lines
from bootstrap.options import (
    Address,
    AdoptOption,
    AppendOption,
    ByOption,
    CascadeOption,
    DatesOption,
    Form,
    LossOption,
    MapOption,
    MaxRejectsOption,
    OnlyOption,
    OrphanOption,
    PlanOption,
    ProjectOption,
    QuarantineOption,
    SkipOption,
    SourceOption,
    SourcesOption,
    TableOption,
    VerboseOption,
    WhereOption,
    WithOption,
)
from bootstrap.progress import Progress
from bootstrap.project import FILE, open_project, using
from bootstrap.semantic.query import Question
from bootstrap.settings import load_settings
from bootstrap.stack.status import status_reference
from bootstrap.starter import make_project

FIRST_DAY, LAST_DAY = datetime(2009, 12, 1), datetime(2011, 12, 9)

app = typer.Typer(
    name="lgs",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command; an expected error, or an interruption, becomes one message and its exit code."""
    try:
        with interruptible():
            app()
    except LgsError as error:
        print(f"Error: {said(error)}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except Interrupted as error:
        if not hasattr(error, "__notes__"):
            error.add_note("Run the command again to go on.")
        print(said(error), file=sys.stderr)
        raise SystemExit(error.exit_code) from None


def _end(would_change: bool) -> None:
    """The end of a command that has a plan."""
    if would_change:
        raise typer.Exit(WOULD_CHANGE)


def _names(given: list[str] | None) -> list[str]:
    """Names that were given one by one, or with commas."""
    return [name.strip() for text in given or [] for name in text.split(",")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lgs {version('lgs-bi')}")
        raise typer.Exit


def _named(source: str) -> Path | DatabaseUrl:
    """The source of an option. Arguments of a command are listed for everybody on the machine."""
    named = path_or_url(source)
    if isinstance(named, DatabaseUrl) and named.has_password:
        hint = "Everybody on this machine can see the password in --source. Set it in LGS_SOURCE_PASSWORD instead."
        typer.echo(hint, err=True)
    return named


@app.callback()
def options(
    context: typer.Context,
    project: ProjectOption = None,
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Load a shop's transactions into PostgreSQL and publish tested dashboards to Superset."""
    if project:
        context.with_resource(using(open_project(project)))


@app.command()
def up(
    source: SourceOption = None,
    table: TableOption = None,
    map_name: MapOption = None,
    dates: DatesOption = None,
    only: OnlyOption = None,
    skip: SkipOption = None,
    max_rejects: MaxRejectsOption = None,
    allow_loss: LossOption = False,
    adopt: AdoptOption = False,
    orphan: OrphanOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Start everything, load the data and publish the dashboards.

    Example: lgs up --source retail.sql.gz
    """
    how = {"map": map_name, "dates": dates, "only": only, "skip": skip, "max_rejects": max_rejects, "table": table}
    settings = load_settings(source=_named(source) if source else None, **how)
    runs.up(settings, Progress(), allow_loss=allow_loss, adopt=adopt, orphan=orphan, verbose=verbose)


@app.command("init")
def init_command(
    folder: Annotated[Path, typer.Argument(help="The folder to make.")],
    name: Annotated[str | None, typer.Option(help="Its name as people read it.", show_default="of the folder")] = None,
    currency: Annotated[
        str | None, typer.Option(help="ISO code of its money.", show_default="that of the example")
    ] = None,
) -> None:
    """Write a new project: shop.yml, and views/ and superset/ beside it.

    Example: lgs init ~/velo --currency EUR
    """
    project = make_project(folder, name=name, currency=currency)
    typer.echo(f"✓ {project.name} is in {project.folder}. Say in {FILE} what is special about it, then run:")
    typer.echo(f"  lgs --project {folder} up --source PATH")


@app.command()
def down() -> None:
    """Stop the embedded servers; the data stays.

    Example: lgs down
    """
    for name in stacks.stop(load_settings()):
        typer.echo(f"✓ {name} stopped")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    alert: Annotated[bool, typer.Option("--alert", help="Send a mail and call the webhook when that changed.")] = False,
    prometheus: Annotated[
        Path | None, typer.Option(help="Write metrics to this .prom file.", show_default=False)
    ] = None,
) -> None:
    """Show running services, data freshness and line counts, and whether all is well.

    The exit code is 0 when all is well; 1 when a server is down, the dashboards are old or no data was loaded for
    LGS_STALE_HOURS; 3 when the warehouse is down.

    Example: lgs status --json
    """
    settings = load_settings()
    found = overview.look(settings)
    if prometheus:
        overview.write_metrics(settings, found, prometheus)
    typer.echo(found.model_dump_json(indent=2) if as_json else "\n".join(found.lines()))
    if alert:
        overview.alert(settings, found)
    raise typer.Exit(found.exit_code)


@app.command("refresh")
def refresh_command(
    source: SourcesOption = None,
    table: TableOption = None,
    append: AppendOption = False,
    map_name: MapOption = None,
    dates: DatesOption = None,
    only: OnlyOption = None,
    skip: SkipOption = None,
    max_rejects: MaxRejectsOption = None,
    allow_loss: LossOption = False,
    quarantine: QuarantineOption = False,
    plan: PlanOption = False,
    adopt: AdoptOption = False,
    orphan: OrphanOption = False,
    verbose: VerboseOption = False,
    cascade: CascadeOption = False,
) -> None:
    """Load, build, check and commit new data, then publish.

    The file replaces everything that is loaded, so it must hold all of it; a file of only what is new needs --append.

    Example: lgs refresh --append --source 2011-12-09.csv --plan
    """
    given = {"quarantine": quarantine or None, "max_rejects": max_rejects, "table": table}
    settings = load_settings(map=map_name, dates=dates, only=only, skip=skip, **given)
    sources = [_named(one) for one in source or []]
    how = {"append": append, "plan": plan, "allow_loss": allow_loss, "cascade": cascade}
    _end(runs.load(settings, Progress(), sources=sources, adopt=adopt, orphan=orphan, verbose=verbose, **how))


@app.command("watch")
def watch_command(
    folder: Annotated[Path, typer.Argument(help="The folder that files are put into.")],
    map_name: MapOption = None,
    dates: DatesOption = None,
    only: OnlyOption = None,
    skip: SkipOption = None,
    max_rejects: MaxRejectsOption = None,
    poll: Annotated[
        float | None, typer.Option("--poll", help="Seconds between two looks at a network folder (LGS_WATCH_POLL).")
    ] = None,
    no_publish: Annotated[
        bool, typer.Option("--no-publish", help="Publish nothing, for a warehouse without Superset.")
    ] = False,
) -> None:
    """Add each file that is put into a folder, as lgs refresh --append does, and publish after each batch.

    Files go to done/, or to failed/ with the reason beside them. It runs until it is told to end.

    Example: lgs watch /srv/inbox
    """
    given = {"map": map_name, "dates": dates, "only": only, "skip": skip}
    settings = load_settings(**given, max_rejects=max_rejects, watch_poll=poll)
    runs.watch(settings, Progress(), folder=folder, is_published=not no_publish)


@app.command("history")
def history_command(
    metric: Annotated[str | None, typer.Argument(help="A number of the receipts, such as sales.")] = None,
    month: Annotated[datetime | None, typer.Option(formats=["%Y-%m"], help="Its changes in this month.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many refreshes to list.")] = 20,
) -> None:
    """List what each refresh loaded and changed, or how one number came to be what it is.

    A number of a month is told when a refresh changed it after the month was complete.

    Example: lgs history sales --month 2011-11
    """
    for line in overview.tell_history(load_settings(), metric, month.date() if month else None, most=most):
        typer.echo(line)


@app.command("query")
def query_command(
    metrics: Annotated[list[str], typer.Argument(help="Metrics, as docs/metrics.md names them.", metavar="METRIC...")],
    by: ByOption = None,
    where: WhereOption = None,
    spans: WithOption = None,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL, and do not run it.")] = False,
    form: Annotated[Form, typer.Option("--format", help="How to print the rows.")] = Form.table,
) -> None:
    """Answer a question in metrics and dimensions, as the dashboards would.

    The smallest relation that can answer is asked. A slice in which a metric means nothing is refused, with the reason.

    Example: lgs query goods_sold orders --by quarter,region --where "year = 2011"
    """
    names = {"by": _names(by), "where": where or [], "spans": _names(spans)}
    lines, notes = asking.ask(load_settings(), Question(metrics, **names), form=None if sql else form.value)
    for line in lines:
        typer.echo(line)
    for note in notes:
        typer.echo(f"! {note}", err=True)


@app.command("rollback")
def rollback_command(
    to: Annotated[
        int | None, typer.Option(metavar="RECEIPT", help="Undo all that changed data after this receipt (lgs history).")
    ] = None,
    plan: PlanOption = False,
) -> None:
    """Undo the latest refresh that changed data, then publish.

    Run it again to redo. What the last LGS_KEEP_REFRESHES changes replaced is kept, so that --to can go back by several
    at once; running it again redoes these together. A later refresh or up that is given the undone file loads it again;
    without --source and LGS_SOURCE the data stays as it is.

    Example: lgs rollback --to 12 --plan
    """
    _end(runs.undo(load_settings(), Progress(), to=to, plan=plan))


@app.command("close")
def close_command(
    month: Annotated[datetime, typer.Argument(formats=["%Y-%m"], help="The month, such as 2010-12.", metavar="MONTH")],
    reopen: Annotated[bool, typer.Option("--reopen", help="Undo it: let the open days decide again.")] = False,
    plan: PlanOption = False,
) -> None:
    """Declare a month complete although some of its open days have no lines, then publish.

    Charts and comparisons then treat it like any other complete month.

    Example: lgs close 2010-12
    """
    _end(runs.close_month(load_settings(), Progress(), month=month.date(), reopen=reopen, plan=plan))


@app.command("publish")
def publish_command(
    plan: PlanOption = False,
    adopt: AdoptOption = False,
    orphan: OrphanOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Make Superset's datasets, charts, dashboards and roles match the specs.

    Example: lgs publish --plan
    """
    _end(runs.publish_specs(load_settings(), Progress(), plan=plan, adopt=adopt, orphan=orphan, verbose=verbose))


@app.command()
def url(name: Annotated[Address, typer.Argument(help="Which URL.")]) -> None:
    """Print a connection URL, including its password.

    Example: psql "$(lgs url analyst)"
    """
    typer.echo(stacks.connect(load_settings()).url(name.value))


@app.command()
def docs(folder: Annotated[Path, typer.Argument(help="The folder to write to.")] = Path("docs")) -> None:
    """Regenerate the generated pages: commands, metrics, questions, and house rules with the loaded figures.

    Example: lgs docs
    """
    (folder / "commands.md").write_text(command_reference(), encoding="utf-8")
    pages = ", ".join(["commands.md", *runs.write_pages(load_settings(), folder)])
    typer.echo(f"✓ Written to {folder}: {pages}")


@app.command()
def demo(
    path: Annotated[Path, typer.Argument(help="The dump to write; .gz compresses it.")],
    lines: Annotated[int, typer.Option(help="How many lines.")] = 200_000,
    seed: Annotated[int, typer.Option(help="Random seed; the same seed gives the same file, byte for byte.")] = 1,
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = FIRST_DAY,
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = LAST_DAY,
) -> None:
    """Generate a synthetic shop of any size, for demos and load tests.

    Example: lgs demo shop.sql.gz --lines 1000000
    """
    progress = Progress()
    with progress.step("Demo shop") as step:
        step.rows = kept_lines().write_demo(path, lines=lines, seed=seed, start=start.date(), end=end.date())
        step.note = str(path)


@app.command("backup")
def backup_command(path: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Save the warehouse, Superset's metadata and everything users made to one file.

    Example: lgs backup lgs-november.tar
    """
    backup(stacks.connect(load_settings()), path.absolute(), progress=Progress())


@app.command("restore")
def restore_command(path: Annotated[Path, typer.Argument(help="A file that lgs backup wrote.")]) -> None:
    """Replace everything with a backup, then publish.

    You get the lines of the backup, whatever LGS_SOURCE names; the next refresh or up loads that file again.

    Example: lgs restore lgs-november.tar
    """
    runs.restore_backup(load_settings(), Progress(), path=path.absolute())


for _command in app.registered_commands:  # or the lists of commands cut the sentence
    _command.short_help = str(_command.callback.__doc__).partition("\n")[0]


def command_reference() -> str:
    """Every command with its arguments and options, and what ``lgs status --json`` prints, as Markdown."""
    command = get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="lgs", title="The lgs command")
    return f"{text.rstrip()}\n\n## The values of `lgs status --json`\n\n{status_reference()}\n"
