"""A table of a database as a source: where it is and how long it may take. What is secret in its URL is never shown."""

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bootstrap.errors import UsageError

_DRIVERS = {"mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql", "mssql": "mssql+pymssql"}
_LEFT_OUT = "?..."


@dataclass(frozen=True)
class DatabaseUrl:
    """The URL of a database. As text it has neither its password nor its options, either of which may be secret."""

    parts: URL = field(repr=False)

    @classmethod
    def read(cls, text: str) -> "DatabaseUrl":
        """Its parts, with a driver where it names none. Raises ``UsageError``, which does not quote what is wrong."""
        try:
            parts = make_url(text)
            if "@" in (parts.host or ""):
                raise ValueError
        except (ArgumentError, ValueError):  # these quote it, with the password
            raise UsageError(
                "The URL of the source cannot be read. Write it as postgresql://USER@HOST:PORT/DATABASE, and each of "
                "@ : / % ? # in a password as %40 and so on; or set the password in LGS_SOURCE_PASSWORD."
            ) from None
        return cls(parts.set(drivername=_DRIVERS.get(parts.drivername, parts.drivername)))

    def __str__(self) -> str:
        shown = self.parts._replace(password=None, query={}).render_as_string()
        return f"{shown}{_LEFT_OUT if self.parts.query else ''}"

    @property
    def has_password(self) -> bool:
        return self.parts.password is not None

    def with_password(self, password: str | None) -> "DatabaseUrl":
        """With this password, where it has none."""
        return DatabaseUrl(self.parts.set(password=password)) if password and not self.has_password else self


@dataclass(frozen=True)
class Database:
    """One table there. It is added from ``look_back`` days before the newest day held on; one answer may take
    ``seconds``.
    """

    url: DatabaseUrl
    table: str
    look_back: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.url}#{self.table}"


Origin = Path | Database
"""Where lines come from."""


def path_or_url(named: str | Path | DatabaseUrl) -> Path | DatabaseUrl:
    """What a person names as the source: a URL has ``://``, all else is a path."""
    if not isinstance(named, str):
        return named
    return DatabaseUrl.read(named) if "://" in named else Path(named)


def table_of(source: str) -> tuple[DatabaseUrl, str] | None:
    """The database and the table that a receipt names as its source; ``None`` where it names no database.

    Raises ``UsageError`` where the receipt left out what is needed to read it again.
    """
    url, _, table = source.rpartition("#")
    if "://" not in url:
        return None
    if url.endswith(_LEFT_OUT):
        raise UsageError(
            f"The last source was {source}, with options in its URL that no receipt keeps. "
            "Name it to read it again: lgs refresh --source URL, or set LGS_SOURCE."
        )
    return DatabaseUrl.read(url), table
