"""Ctrl-C and SIGTERM: one exception, raised at once even while the server works on a statement.

Python hears of a signal only between two of its own steps. A statement is one step, so somebody else has to tell the
server to stop: a thread, which the signal wakes through a socket.
"""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import psycopg2
from psycopg2.extensions import connection as Connection

from bootstrap.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE = 0.05
_open: set[Connection] = set()
_heard = threading.Event()
_waiting: list[list[int]] = []


@contextmanager
def interruptible() -> Iterator[None]:
    """Let both signals raise ``Interrupted`` in the main thread, which is the caller's."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    before = [signal.signal(number, _raise) for number in _SIGNALS]
    signal.set_wakeup_fd(theirs.fileno())
    threading.Thread(target=_cancel_statements, args=[ours], daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(-1)
        theirs.close()
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def watched(connection: Connection) -> Iterator[None]:
    """Let a signal end what the server does for this connection."""
    _open.add(connection)
    try:
        yield
    finally:
        _open.discard(connection)


@contextmanager
def deferred() -> Iterator[None]:
    """A moment that a signal does not cut in two: it is heard at its end."""
    _waiting.append([])
    try:
        yield
    finally:
        came = _waiting.pop()
    if came:
        raise Interrupted(came[0])


def _raise(number: int, _: FrameType | None) -> None:
    _heard.set()
    if not _waiting:
        raise Interrupted(number)
    _waiting[-1].append(number)


def _cancel_statements(signals: socket.socket) -> None:
    """Until the main thread has heard the signal: it may have been about to begin a statement."""
    with signals:
        while signals.recv(1):
            while not _heard.wait(_PATIENCE):
                for connection in list(_open):
                    with suppress(psycopg2.Error):  # it was closed meanwhile
                        connection.cancel()
            _heard.clear()
