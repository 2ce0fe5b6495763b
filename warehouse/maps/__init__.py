"""``--map``: what a person says of a file that does not say it itself, and ready maps for exports of shop systems."""

import json
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from bootstrap.errors import SourceError
from bootstrap.project import current
from bootstrap.values import Spec
from warehouse.rules import line_rules

READY = Path(__file__).parent
Meaning = Literal[
    "invoice_no", "stock_code", "description", "quantity", "invoice_date", "unit_price", "customer_id", "country"
]


class Map(Spec):
    """How to read a file. All of it may be left out; what is not said is found out, or the file is refused."""

    columns: dict[Meaning, str | int | None] = Field(
        {}, description="name or number of each column; null: the file has none"
    )
    names: bool = Field(True, description="false: no line names the columns; they are numbered from 1")
    dates: Literal["day-first", "month-first"] | None = Field(None, description="what 01/12/2010 means")
    decimal: Literal[".", ","] | None = Field(None, description="decimal sign of prices")
    delimiter: str | None = Field(None, min_length=1, max_length=3, description="one character, or: tab")
    quote: Literal['"', "none"] | None = Field(None, description="none: a quote is a character like any other")
    encoding: str | None = Field(None, description="such as utf-8, utf-16, cp1252")
    time_zone: str = Field(
        default_factory=lambda: current().time_zone, description="where times with an offset from UTC are taken to"
    )
    currency: str = Field(
        default_factory=lambda: current().currency, description="the shop's currency; prices in another one are refused"
    )
    status: str | None = Field(
        default_factory=lambda: getattr(line_rules().status, "column", None),
        description="the column that says what became of an order; null: the file has none",
    )
    no_customer: tuple[str, ...] = Field((), description="further texts that mean: no customer, such as 0")
    fill_down: tuple[Meaning, ...] = Field((), description="columns that only the first line of an invoice fills in")
    only: tuple[str, ...] = Field((), description="tables or sheets to read; all others are left out")
    skip: tuple[str, ...] = Field((), description="tables or sheets to leave out")

    @field_validator("only", "skip", "no_customer", "fill_down", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("no_customer", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return tuple(map(str, value)) if isinstance(value, list | tuple) else value

    @property
    def says_nothing(self) -> bool:
        """Whether it says no more than what holds for the whole shop."""
        return self.model_fields_set <= {"currency", "time_zone"} or self == said()

    @property
    def named(self) -> list[str]:
        """The names of the columns that it names."""
        return [name for name in self.columns.values() if isinstance(name, str)]

    def reads(self, part: str) -> bool:
        """Whether this table or sheet may be read: not skipped, and named where only some are."""
        return part not in self.skip and (not self.only or part in self.only)


def load_map(name: str | Path) -> Map:
    """Read a map: a YAML file, or the name of a ready one in ``warehouse/maps``, such as ``shopify``.

    Raises ``SourceError`` that names the file and the key.
    """
    ready = sorted(path.stem for path in READY.glob("*.yml"))
    path = READY / f"{name}.yml" if str(name) in ready else Path(name)
    try:
        return Map.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except OSError as error:
        raise SourceError(
            f"the map cannot be read ({error.strerror}). Name a file, or one of: {', '.join(ready)}.", path=path
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourceError(f"the map is not YAML: {' '.join(str(error).split())}. Correct it.", path=path) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the map"
        raise SourceError(f"{where}: {first['msg']}. The keys are {', '.join(Map.model_fields)}.", path=path) from error


def ready_maps() -> dict[str, Map]:
    """The maps that come with the product, by name."""
    return {path.stem: load_map(path) for path in sorted(READY.glob("*.yml"))}


def said(name: str | Path | None = None, **options: Any) -> Map:
    """What ``shop.yml`` says of every file, on top of it the map of that name, and the options that are given.

    ``None`` means not given.

    ``currency`` and ``time_zone`` are only used where the map names none.
    """
    how = load_map(name) if name else Map()
    shop = current().section("source", Map).model_dump(exclude_unset=True)
    kept = {"currency", "time_zone"} & how.model_fields_set
    given = {key: value for key, value in options.items() if value is not None and value != () and key not in kept}
    try:
        return Map.model_validate({**shop, **how.model_dump(exclude_unset=True), **given})
    except ValidationError as error:
        first = error.errors()[0]
        raise SourceError(f"--{first['loc'][0]} {first['input']!r}: {first['msg']}.") from error


def suggested_map(names: list[str], found: dict[str, str | int | None], *, has_names: bool) -> str:
    """The start of a map for a file that was not recognised, filled in as far as its columns tell."""
    lines = [] if has_names else ["names: false"]
    lines.append("columns:")
    for meaning in Meaning.__args__:  # type: ignore[attr-defined]
        value = found.get(meaning)
        lines.append(f"  {meaning}: {json.dumps('?' if value is None else value, ensure_ascii=False)}")
    seen = ", ".join(names) if has_names else "; ".join(f"{n} {name}" for n, name in enumerate(names, 1))
    return "\n".join([*lines, f"# The file has: {seen}."])
