"""One command at a time may change a stack."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bootstrap.errors import Locked


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file. Raises ``Locked`` at once when another process does; a killed one holds nothing."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = stream.read().strip() or "unknown"
            raise Locked(
                f"Another lgs command (process {holder}) is starting or stopping this stack. Try again when it is done."
            ) from None
        stream.truncate()
        stream.write(str(os.getpid()))
        stream.flush()
        yield
