"""The project that a run is about: a folder with ``shop.yml``, and beside it ``views/`` and ``superset/``.

What differs between two projects is said there and nowhere in this package. Without one that is named, it is the
project that comes with the product.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError, numbers
from pydantic import BaseModel, Field, ValidationError, field_validator

from bootstrap.errors import SpecError, UsageError
from bootstrap.lists import Listing, read_lists, with_names
from bootstrap.values import Spec, read_yaml

FILE = "shop.yml"
Section = TypeVar("Section", bound=BaseModel)
_NO_BREAK = "\u00a0"
_WORD = re.compile(r"\$(name|currency|symbol|money|Money|locale|time_zone)(?![a-z_])")


class Project(Spec):
    """What ``shop.yml`` says to the engine. Its sections are for the package that keeps the lines."""

    folder: Path = Field(exclude=True)
    name: str = Field(min_length=1, description="as people read it")
    namespace: UUID = Field(description="ids of its assets are made from it, so that no other project has the same")
    currency: str = Field(description="ISO 4217 code of its money")
    money: str = Field("", description="what people call that money, such as euros; none: its name in English")
    locale: str = Field("en_GB", description="how numbers are written, such as de_CH")
    time_zone: str = Field("UTC", description="IANA name, such as Europe/Zurich")
    package: str = Field("warehouse.lines", description="the Python module that keeps its lines (bootstrap/lines.py)")
    source: Any = Field(None, exclude=True)
    lines: Any = Field(None, exclude=True)
    open_days: Any = Field(None, exclude=True)

    @field_validator("currency")
    @classmethod
    def _is_currency(cls, code: str) -> str:
        if not numbers.is_currency(code):
            raise ValueError(f"{code!r} is not an ISO 4217 code; one is EUR")
        return code

    @field_validator("locale")
    @classmethod
    def _is_locale(cls, name: str) -> str:
        try:
            Locale.parse(name)
        except (ValueError, UnknownLocaleError):
            raise ValueError(f"{name!r} is not a locale; one is en_GB") from None
        return name

    @field_validator("time_zone")
    @classmethod
    def _is_time_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is not a time zone; one is Europe/London")
        return name

    @property
    def file(self) -> Path:
        return self.folder / FILE

    @property
    def views(self) -> Path:
        return self.folder / "views"

    @property
    def superset(self) -> Path:
        return self.folder / "superset"

    @property
    def is_own(self) -> bool:
        """Whether it is the project that comes with the product."""
        return self.folder == own_folder()

    def symbol(self, currency: str) -> str:
        """The sign of a currency, or its code where there is none."""
        return str(numbers.get_currency_symbol(currency, self.locale))

    def amount(self, value: Decimal) -> str:
        """An amount of its own money as people write it, such as -€6.10."""
        return str(numbers.format_currency(value, self.currency, locale=self.locale))

    def affixes(self, currency: str) -> tuple[str, str]:
        """What stands before an amount and behind it: one of them is empty. Letters keep a distance from digits."""
        symbol = self.symbol(currency)
        if Locale.parse(self.locale).currency_formats["standard"].suffix[0].endswith("¤"):
            return "", _NO_BREAK + symbol
        return symbol + (_NO_BREAK if symbol[-1].isalpha() else ""), ""

    @cached_property
    def d3_format(self) -> dict[str, Any]:
        """The same for charts: d3 puts ``currency`` around what has a ``$`` in its format."""
        return {
            "decimal": numbers.get_decimal_symbol(self.locale),
            "thousands": numbers.get_group_symbol(self.locale),
            "grouping": [3],
            "currency": list(self.affixes(self.currency)),
        }

    @cached_property
    def words(self) -> dict[str, str]:
        """What ``$currency`` and the like stand for in the files of the project."""
        money = self.money or numbers.get_currency_name(self.currency, 2, "en")
        return {
            **self.model_dump(include={"name", "currency", "locale", "time_zone"}),
            "symbol": self.symbol(self.currency),
            "money": money,
            "Money": money[:1].upper() + money[1:],
        }

    @cached_property
    def lists(self) -> dict[str, Listing]:
        return read_lists(self.views)

    @property
    def colours(self) -> dict[str, str]:
        """Those of what stands in a list, by name."""
        return {row.name: row.colour for one in self.lists.values() for row in one.rows if row.colour}

    def filled(self, text: str) -> str:
        """``text`` with the words of the project in it, and the names of its lists."""
        return with_names(_WORD.sub(lambda found: self.words[found[1]], text), self.lists)

    def section(self, name: str, kind: type[Section]) -> Section:
        """The section of that name as a ``kind``. Raises ``SpecError`` that names the key."""
        try:
            return kind.model_validate(getattr(self, name) or {})
        except ValidationError as error:
            raise _explained(error, self.file, name) from error


_SETTINGS = ("LGS_PROJECT", "LGS_CURRENCY", "LGS_TIME_ZONE")
_using: list[Project] = []


def own_folder() -> Path:
    """The folder of the project that comes with the product: around the package in a checkout, else inside it."""
    package = Path(str(files("bootstrap")))
    inside = package / "_data"
    return inside if inside.is_dir() else package.parent


def open_project(folder: Path) -> Project:
    """Read ``shop.yml`` in ``folder``. Raises ``UsageError`` without one, ``SpecError`` for a wrong key."""
    path = folder.expanduser().absolute() / FILE
    try:
        told = read_yaml(path)
    except OSError as error:
        raise UsageError(
            f"{folder} is not a project: {FILE} cannot be read ({error.strerror}). Make one with: lgs init {folder}"
        ) from error
    if not isinstance(told, dict):
        raise SpecError("the file holds no keys. Write one key per line, such as name: ...", path=path)
    set_ = {key: value for key in ("currency", "time_zone") if (value := os.environ.get(f"LGS_{key.upper()}"))}
    if set_.get("currency", told.get("currency")) != told.get("currency"):
        told.pop("money", None)  # it is the word for another money
    try:
        return Project.model_validate({**told, **set_, "folder": path.parent})
    except ValidationError as error:
        raise _explained(error, path) from error


def current() -> Project:
    """The project of this run: the one in use, else that of ``LGS_PROJECT``, else the product's own."""
    return _using[-1] if _using else _named(*map(os.environ.get, _SETTINGS))


@cache
def _named(folder: str | None, *_: str | None) -> Project:
    """Kept for as long as none of the settings changes: every id is made from it."""
    return open_project(Path(folder) if folder else own_folder())


@contextmanager
def using(project: Project) -> Iterator[Project]:
    """Have everything that runs inside be about ``project``."""
    _using.append(project)
    try:
        yield project
    finally:
        _using.pop()


def filled(text: str) -> str:
    """``text`` with the words of the current project: ``$currency``, ``$symbol``, ``$money`` and so on."""
    return current().filled(text)


def _explained(error: ValidationError, path: Path, *place: str) -> SpecError:
    wrong = error.errors()
    first = next((one for one in wrong if one["type"] == "extra_forbidden"), wrong[0])
    keys = [*place, *map(str, first["loc"])]
    what = first["msg"].removeprefix("Value error, ")
    return SpecError(f"{what}. Correct it.", path=path, line=_line(path, keys), field=".".join(keys))


def _line(path: Path, keys: list[str]) -> int | None:
    """The 1-based line of the deepest key that is there."""
    lines, found = path.read_text(encoding="utf-8").splitlines(), 0
    for key in keys:
        found = next(
            (n for n, line in enumerate(lines[found:], found + 1) if line.strip().startswith(f"{key}:")), found
        )
    return found or None
