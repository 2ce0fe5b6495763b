"""Adds each file that comes into a folder, exactly once, and publishes after each batch.

What a run that was killed had begun is noted in the folder, with the receipt that was the newest before it. So the next
run knows of a file that is still there whether it is in the warehouse.
"""

import errno
import os
import shutil
import signal
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

import psycopg2
from filelock import FileLock, Timeout
from pydantic import BaseModel
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from bootstrap.arrivals import Arrivals, Seen
from bootstrap.errors import LgsError, Locked, Unreachable, UsageError
from bootstrap.progress import Progress

DONE, FAILED = "done", "failed"
_CLAIM, _LOCK = ".lgs-watch.json", ".lgs-watch.lock"
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LONGEST = 60  # seconds between two attempts
_OF_SERVER = (psycopg2.OperationalError, psycopg2.InternalError)
_OF_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE)


class Pipeline(Protocol):
    """What is done with the files."""

    def prepare(self) -> None:
        """Bring the warehouse to the definitions of now, so that what fails then is the file's."""

    def newest(self) -> int:
        """The number of the newest receipt, 0 where there is none."""

    def holds(self, path: Path, after: int) -> bool:
        """Whether a receipt after that one is of this file's content."""

    def add(self, path: Path) -> None:
        """Add a file to what is held, in a transaction of its own."""

    def publish(self) -> None:
        """Publish what was not published yet."""


class Claim(BaseModel):
    """The file that is being loaded. ``after`` is the newest receipt before it."""

    name: str
    seen: Seen
    after: int


class Watch:
    """One run over ``folder``; ``poll`` is that of ``Arrivals``."""

    def __init__(self, folder: Path, pipeline: Pipeline, progress: Progress, *, poll: float | None) -> None:
        self.folder, self.pipeline, self.progress = folder, pipeline, progress
        self.arrivals = Arrivals(folder, poll=poll)
        self.counts: Counter[str] = Counter()
        self._is_ending = False
        self._is_unpublished = True  # for all that is known

    def run(self) -> None:
        """Watch until SIGTERM or Ctrl-C, which let the present file end; a second one ends at once.

        Raises ``UsageError`` for a folder that cannot be used, ``Locked`` when another run watches it.
        """
        _make_folders(self.folder)
        with _alone(self.folder), self._until_told(), self.arrivals.watched():
            self._say_start()
            while not self._is_ending:
                self._retrying()(self._round)
                self._require_folder()
                if not self._is_ending:
                    self.arrivals.wait()
        self._say_end()

    def _retrying(self) -> Retrying:
        """Tries a round again, later and later, while what stops it is no file's fault."""
        return Retrying(
            retry=retry_if_exception_type((LgsError, OSError, psycopg2.Error)),
            wait=wait_exponential(max=_LONGEST),
            stop=lambda _: self._is_ending or not self.folder.is_dir(),
            sleep=lambda seconds: self.arrivals.pause(seconds, lambda: self._is_ending),
            before_sleep=self._say_later,
            retry_error_callback=lambda state: self.progress.say(_said_by(state)),
        )

    def _round(self) -> None:
        """Load all that wait, then publish once. What stops a file that is not at fault is raised after that."""
        self.progress.steps.clear()
        stopped = self._take_all()
        if self._is_unpublished and not self.arrivals.is_starting:
            self.pipeline.publish()
            self._is_unpublished = False
        if stopped:
            raise stopped

    def _take_all(self) -> Exception | None:
        names = self.arrivals.names()
        try:
            if names and not self._is_ending:
                self.pipeline.prepare()
            claim = self._claim()
            for name in sorted(names, key=lambda name: (claim is None or name != claim.name, name)):
                if self._is_ending:
                    break
                self._take(self.folder / name)
        except (LgsError, OSError, psycopg2.Error) as error:
            return error
        return None

    def _take(self, path: Path) -> None:
        """Load one file and move it. One that was written to meanwhile stays, and comes again."""
        seen = Seen.of(path)
        if seen is None:
            self.arrivals.forget(path.name)
            return
        why = self._loaded(path, seen)
        if Seen.of(path) != seen:
            self.progress.say(f"{path.name} changed while it was read, so it is read again.")
            self.arrivals.doubt(path.name)
            return
        self._move(path, why)
        (self.folder / _CLAIM).unlink(missing_ok=True)
        self.arrivals.forget(path.name)

    def _loaded(self, path: Path, seen: Seen) -> str | None:
        """Why the file could not be loaded; ``None`` when it is in the warehouse. What is no file's fault is raised."""
        claim = self._claim()
        if claim and (claim.name, claim.seen) == (path.name, seen) and self.pipeline.holds(path, claim.after):
            self.progress.say(f"{path.name} was loaded before the end of an earlier run, so it is only moved.")
            self._is_unpublished = True
            return None
        self._write_claim(Claim(name=path.name, seen=seen, after=self.pipeline.newest()))
        try:
            self.pipeline.add(path)
        except Exception as error:
            if not is_of_file(error):
                raise
            if not isinstance(error, LgsError):
                traceback.print_exception(error)
            return str(error) if isinstance(error, LgsError) else f"{type(error).__name__}: {error}"
        self._is_unpublished = True
        return None

    def _move(self, path: Path, why: str | None) -> None:
        kind = DONE if why is None else FAILED
        target = _free(self.folder / kind / path.name)
        if why is not None:
            _beside(target).write_text(f"{why}\n", encoding="utf-8")
            self.progress.say(f"✗ {why}")
        shutil.move(path, target)
        self.counts[kind] += 1
        self.progress.say(f"{'✓' if why is None else '✗'} {path.name} is now {kind}/{target.name}")

    def _claim(self) -> Claim | None:
        try:
            return Claim.model_validate_json((self.folder / _CLAIM).read_bytes())
        except FileNotFoundError:
            return None

    def _write_claim(self, claim: Claim) -> None:
        making = self.folder / f"{_CLAIM}.tmp"
        with making.open("w", encoding="utf-8") as stream:
            stream.write(claim.model_dump_json())
            stream.flush()
            os.fsync(stream.fileno())
        making.replace(self.folder / _CLAIM)

    @contextmanager
    def _until_told(self) -> Iterator[None]:
        """Let a signal end the run after the present file, and a second one as signals do."""

        def end(number: int, _: object) -> None:
            self._is_ending = True
            self.arrivals.wake()
            signal.signal(number, signal.SIG_DFL)

        before = {number: signal.signal(number, end) for number in _SIGNALS}
        cutting = signal.set_wakeup_fd(-1)  # or the statement under way would be ended at once
        try:
            yield
        finally:
            signal.set_wakeup_fd(cutting)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _require_folder(self) -> None:
        if not self.folder.is_dir():
            raise UsageError(f"The folder {self.folder} is gone. Put it back, then start lgs watch again.")

    def _say_start(self) -> None:
        how = f"is looked at every {self.arrivals.poll:g} s" if self.arrivals.poll else "is watched"
        self.progress.say(f"{self.folder} {how}. Ctrl-C ends it after the present file.")
        if passed := [name for name in self.arrivals.passed_over() if not name.startswith(".lgs-watch")]:
            self.progress.say(f"Passed over until renamed: {', '.join(passed)}")

    def _say_later(self, state: RetryCallState) -> None:
        seconds = state.next_action.sleep if state.next_action else 0
        old = ", and the dashboards may be old" if self._is_unpublished else ""
        self.progress.say(f"{_said_by(state)} What waits stays where it is{old}; tried again in {seconds:.0f} s.")

    def _say_end(self) -> None:
        waiting = len(self.arrivals.names())
        counted = f"{self.counts[DONE]} loaded, {self.counts[FAILED]} failed, {waiting} waiting"
        self.progress.say(f"The watch has ended, as it was told to: {counted}.")
        if self._is_unpublished:
            self.progress.say("The data is committed, and the dashboards may be old: run lgs publish.")


def is_of_file(error: Exception) -> bool:
    """Whether the file is at fault, and not the server, the disk or another run."""
    if isinstance(error, Locked | Unreachable | OSError):
        return False
    if isinstance(error.__cause__, OSError) and error.__cause__.errno in _OF_DISK:
        return False
    return not any(isinstance(one, _OF_SERVER) for one in (error, error.__cause__))


def _said_by(state: RetryCallState) -> str:
    return f"! {state.outcome.exception() if state.outcome else ''}"


def _make_folders(folder: Path) -> None:
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}. Make it, or name another.")
    try:
        for name in (DONE, FAILED):
            (folder / name).mkdir(exist_ok=True)
        (folder / _LOCK).touch()
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written to ({error.strerror}), but its files are to be moved. Give the user of lgs "
            "the right to write there."
        ) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        with FileLock(folder / _LOCK, timeout=0):
            yield
    except Timeout:
        raise Locked(f"Another lgs watch runs on {folder}. End that one first, or name another folder.") from None


def _free(target: Path) -> Path:
    """The same name, or with the time in it where that is taken."""
    wanted = target
    while target.exists() or _beside(target).exists():
        stem, dot, rest = wanted.name.partition(".")
        target = wanted.with_name(f"{stem}-{datetime.now():%Y-%m-%dT%H%M%S-%f}{dot}{rest}")
    return target


def _beside(target: Path) -> Path:
    return target.with_name(f"{target.name}.txt")
