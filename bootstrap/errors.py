"""What can go wrong, and the exit code that tells a script which it was.

::

    LgsError
    ├── CheckFailed      1   a contract failed or others' work would be dropped, and nothing changed; or a
    │                        verification failed, and the dashboards are as before
    ├── UsageError       2   the call, a setting or a spec is wrong
    │   ├── SourceError      the source file cannot be loaded
    │   └── SpecError        a file in views/ or superset/ is wrong; names file, line and field
    ├── Unreachable      3   a service does not answer; names host, port and the setting to change
    └── Locked          75   another refresh or publish is running

    Interrupted      130 after Ctrl-C, 143 after SIGTERM. No error, so that nobody handles it and goes on

A plan that would change something ends with 4.

Each message is one clear sentence about what happened, and one about what to do next.
"""

from pathlib import Path

OLD_DASHBOARDS = "The data is committed, but the dashboards are old. Run: lgs publish."
WOULD_CHANGE = 4


class LgsError(Exception):
    """The base of every error that the product raises on purpose."""

    exit_code = 1


class CheckFailed(LgsError):
    """A contract returned rows, a published chart does not answer, or people use what is to go."""

    exit_code = 1


class UsageError(LgsError):
    """The caller can fix this: a wrong option, setting or file."""

    exit_code = 2


class SourceError(UsageError):
    """The source cannot be read as the shop's lines.

    ``path`` is the file, ``line`` its 1-based line number where one is known.
    """

    def __init__(self, message: str, *, path: Path | None = None, line: int | None = None) -> None:
        self.path, self.line = path, line
        where = "" if path is None else f"{path}: " if line is None else f"{path}, line {line}: "
        super().__init__(f"{where}{message}")


class SpecError(UsageError):
    """A spec file is wrong. ``path``, ``line`` and ``field`` say where."""

    def __init__(self, message: str, *, path: Path, line: int | None = None, field: str = "") -> None:
        self.path, self.line, self.field = path, line, field
        where = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{where}: {field + ': ' if field else ''}{message}")


class Unreachable(LgsError):
    """A service does not answer at ``host``:``port``; ``setting`` is what to change, ``hint`` how to start it."""

    exit_code = 3

    def __init__(self, service: str, *, host: str, port: int, setting: str, why: str = "", hint: str = "") -> None:
        self.service, self.host, self.port, self.setting = service, host, port, setting
        where = f"{host}:{port} ({why})" if why else f"{host}:{port}"
        super().__init__(f"{service} does not answer at {where}. Check that it runs{hint}, or change {setting}.")


class Locked(LgsError):
    """Another run holds the lock."""

    exit_code = 75


class Interrupted(BaseException):
    """Somebody stopped the command, by the signal of this number. Its notes say what was done by then."""

    def __init__(self, number: int) -> None:
        super().__init__("Interrupted.")
        self.exit_code = 128 + number


def said(error: BaseException) -> str:
    """What is told of it: its message and its notes."""
    return " ".join([str(error), *getattr(error, "__notes__", ())])
