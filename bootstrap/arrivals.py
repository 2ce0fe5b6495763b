"""Which files have come into a folder and are whole: as the kernel tells, or by looking at it in intervals."""

import logging
import os
import queue
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from watchdog.events import (
    DirDeletedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)

from bootstrap.errors import UsageError

_IN_TRANSIT = (".part", ".tmp", ".filepart", ".crdownload")
_SETTLED = 1.0


class Seen(BaseModel):
    """A file as it is at one moment. Who writes to it, or puts another in its place, changes this."""

    model_config = ConfigDict(frozen=True)

    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> "Seen | None":
        """``None`` where there is no such file."""
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        return cls(inode=found.st_ino, size=found.st_size, changed=found.st_mtime_ns)


class Arrivals(FileSystemEventHandler):
    """The files that wait in a folder. With ``poll`` seconds, the folder is looked at in such intervals.

    The kernel tells when a file is closed, or moved in. Where it does not (files that are there at the start, and
    network folders), a file is whole when it is the same at two looks.
    """

    def __init__(self, folder: Path, *, poll: float | None) -> None:
        self.folder, self.poll = folder, poll
        self._told: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._ready: set[str] = set()
        self._unsure: dict[str, Seen | None] = {}
        self._looked = 0.0
        self._is_first = True

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Begin to watch; what is there already comes first. Raises ``UsageError`` when the kernel cannot tell."""
        with _told_by_kernel(self, self.folder) if self.poll is None else _untold():
            self._unsure = dict.fromkeys(self._files())
            yield

    def names(self) -> list[str]:
        """Those that are whole, in the order of their names; none before those of the start are."""
        while not self._told.empty():
            self._note(0)
        if time.monotonic() - self._looked >= (self.poll or _SETTLED):
            self._look()
        return [] if self.is_starting else sorted(self._ready)

    @property
    def is_starting(self) -> bool:
        """Whether what is there at the start has still to settle."""
        return self._is_first and bool(self._unsure)

    def passed_over(self) -> list[str]:
        """Those whose names say that they are not finished."""
        return sorted(path.name for path in self.folder.iterdir() if path.is_file() and is_in_transit(path.name))

    def forget(self, name: str) -> None:
        """It is dealt with."""
        self._ready.discard(name)

    def doubt(self, name: str) -> None:
        """It was not whole, so it has to settle first."""
        self._ready.discard(name)
        self._unsure[name] = None

    def wait(self) -> None:
        """Until something may have come: at no cost, unless the folder has to be looked at."""
        self._note(self.poll or (_SETTLED if self._unsure else None))

    def wake(self) -> None:
        """End a wait. A signal handler may call it."""
        self._told.put("")

    def pause(self, seconds: float, is_over: Callable[[], bool]) -> None:
        """Wait so long, or until it is over; what comes meanwhile waits too."""
        end = time.monotonic() + seconds
        while not is_over() and (left := end - time.monotonic()) > 0:
            self._note(left)

    def _note(self, seconds: float | None) -> None:
        with suppress(queue.Empty):
            if name := self._told.get(timeout=seconds):
                self._ready.add(name)

    def _look(self) -> None:
        """Take those for whole that are as they were a look before."""
        names = self._files() if self.poll else list(self._unsure)
        now = {name: Seen.of(self.folder / name) for name in names if name not in self._ready}
        self._is_first = self._looked == 0.0
        self._ready |= {name for name, seen in now.items() if seen and self._unsure.get(name) == seen}
        self._unsure = {name: seen for name, seen in now.items() if seen and name not in self._ready}
        self._looked = time.monotonic()

    def _files(self) -> list[str]:
        return [path.name for path in self.folder.iterdir() if path.is_file() and not is_in_transit(path.name)]

    def on_closed(self, event: FileSystemEvent) -> None:
        self._tell(event.src_path)

    def on_moved(self, event: FileSystemEvent) -> None:
        self._tell(event.dest_path)

    def on_created(self, event: FileSystemEvent) -> None:
        """One that is written to is told of again when it is closed; a link, as servers of SFTP make it, never is."""
        with suppress(OSError):
            found = os.stat(event.src_path)
            if found.st_mtime_ns < found.st_ctime_ns:
                self._tell(event.src_path)

    def on_deleted(self, event: FileSystemEvent) -> None:
        self.wake()  # the folder itself is gone

    def _tell(self, path: bytes | str) -> None:
        name = os.path.basename(os.fsdecode(path))
        if name and not is_in_transit(name):
            self._told.put(name)


def is_in_transit(name: str) -> bool:
    """Whether a name is hidden, or one that programs give to what they have not finished."""
    return name.startswith(".") or name.lower().endswith(_IN_TRANSIT)


@contextmanager
def _told_by_kernel(arrivals: Arrivals, folder: Path) -> Iterator[None]:
    if not sys.platform.startswith("linux"):
        raise UsageError("This system does not tell when a file is closed. Look at the folder in intervals: --poll 5.")
    from watchdog.observers.inotify import InotifyObserver  # it asks for what Linux alone has

    observer = InotifyObserver(generate_full_events=True)
    events: list[type[FileSystemEvent]] = [FileClosedEvent, FileMovedEvent, FileCreatedEvent, DirDeletedEvent]
    observer.schedule(arrivals, folder, event_filter=events)
    try:
        observer.start()
    except OSError as error:
        raise UsageError(
            f"The kernel does not watch {folder} ({error.strerror}). Look at it in intervals instead: --poll 5."
        ) from error
    try:
        yield
    finally:
        logging.getLogger("watchdog").setLevel(logging.CRITICAL)  # or it reports its own end as an error
        observer.stop()
        observer.join()


@contextmanager
def _untold() -> Iterator[None]:
    yield
