"""Which sources a command is given: files, those of a folder, a database, the last one again, or the demo shop."""

from collections.abc import Sequence
from pathlib import Path

from bootstrap.connection import connected
from bootstrap.database import Database, DatabaseUrl, Origin, table_of
from bootstrap.errors import UsageError
from bootstrap.lines import How, lines
from bootstrap.progress import Progress
from bootstrap.refresh.receipt import Receipt, newest_receipt, read_receipts
from bootstrap.settings import Settings
from bootstrap.stack import Stack


def files_of(sources: Sequence[Path | DatabaseUrl], *, append: bool, plan: bool) -> list[Path | DatabaseUrl | None]:
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


def origin_of(stack: Stack, settings: Settings, *, is_asked: bool) -> Origin | None:
    """The named source, or without one the database that was read last; a file that was is found by its receipt."""
    named, table = settings.source, None
    if named is None and is_asked and (last := newest(stack)) and not last.is_append:
        named, table = table_of(last.source) or (None, None)
    if not isinstance(named, DatabaseUrl):
        return named
    password = settings.source_password.get_secret_value() if settings.source_password else None
    return Database(
        url=named.with_password(password),
        table=settings.table or table or lines().table,
        look_back=settings.look_back,
        seconds=settings.source_timeout,
    )


def how_to_read(settings: Settings) -> How:
    """What is said of the file."""
    return lines().said(settings.map, dates=settings.dates, only=settings.only, skip=settings.skip)


def or_demo(stack: Stack, settings: Settings, progress: Progress) -> Settings:
    """The settings with the demo shop as their source, where none is named and none was loaded before."""
    if settings.source or not lines().demo_file or newest(stack):
        return settings
    path = settings.state / lines().demo_file
    with progress.step("Demo shop") as step:
        step.rows = lines().write_demo(path)
        step.note = "synthetic data, because no source was given. To load yours: lgs up --source PATH"
    return settings.model_copy(update={"source": path})


def is_added_to(stack: Stack, source: Path | DatabaseUrl | None) -> bool:
    """Whether other files were added to this one since it was loaded: it is held, and they are to stay."""
    with connected(stack.url("warehouse")) as connection, connection.cursor() as cursor:
        found = read_receipts(cursor)
    if not found or not found[0].is_append or not isinstance(source, Path) or not source.is_file():
        return False
    base = next((receipt for receipt in found if not receipt.is_append), None)
    return base is not None and lines().sha256(source) == base.sha256


def newest(stack: Stack) -> Receipt | None:
    with connected(stack.url("warehouse")) as connection, connection.cursor() as cursor:
        return newest_receipt(cursor)
