"""What runs, what is loaded and what went wrong: for whoever asks, for monitors, and told without being asked."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from bootstrap import stack as stacks
from bootstrap.connection import connected
from bootstrap.database import Origin
from bootstrap.errors import CheckFailed, LgsError, Locked, Unreachable, UsageError
from bootstrap.lines import SetAside, lines
from bootstrap.refresh.attempt import Attempt
from bootstrap.refresh.history import failures, history_lines, metric_lines, receipts
from bootstrap.refresh.receipt import Receipt, newest_receipt
from bootstrap.settings import Settings
from bootstrap.stack import Data, Failure, Stack, Status
from bootstrap.stack.alert import last_told, note_failure, tell
from bootstrap.stack.disk import explain_full, require_room


def look(settings: Settings) -> Status:
    """What runs, which data is loaded, and whether all is well."""
    found = stacks.status(settings)
    facts: dict[str, Data | Failure | tuple[SetAside, ...] | None] = {}
    if found.warehouse_answers and found.passwords != "missing":
        stack = stacks.connect(settings)
        (receipt, aside), failed = _newest_and_aside(stack), failures(stack.url("warehouse"))[:1]
        facts = {"data": _data(receipt) if receipt else None, "last_failure": _failure(receipt, *failed)}
        facts |= {"quarantine": tuple(aside)}
    return found.model_copy(update=facts).judged(stale_hours=settings.stale_hours)


def _failure(receipt: Receipt | None, attempt: Attempt | None = None) -> Failure | None:
    """The attempt, unless a refresh was committed since."""
    is_over = receipt and attempt and (receipt.refreshed_at or 0) > (attempt.failed_at or 0)  # type: ignore[operator]
    return None if attempt is None or is_over else Failure(**attempt.model_dump(exclude={"seconds"}))


def _newest_and_aside(stack: Stack) -> tuple[Receipt | None, list[SetAside]]:
    with connected(stack.url("warehouse")) as connection, connection.cursor() as cursor:
        receipt = newest_receipt(cursor)
        return receipt, lines().set_aside(cursor) if receipt else []


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


@contextmanager
def told(stack: Stack, settings: Settings, *, is_plan: bool) -> Iterator[None]:
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


def _tell_or_say(send: Callable[[], object]) -> None:
    try:
        send()
    except (LgsError, OSError) as error:  # what failed first is what the caller has to hear
        print(f"The alert could not be sent. {error}", file=sys.stderr)


def look_at_disk(stack: Stack, settings: Settings, source: Origin | None, is_first: bool) -> None:
    """Of a named server the disk is not known, and of a database that is read the size is not."""
    if settings.warehouse_url is None:
        file = source if isinstance(source, Path) else None
        require_room(stack.postgres.folder, file, reserve=settings.disk_reserve, is_first=is_first)
