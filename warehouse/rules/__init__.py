"""What makes a line a cancellation, an adjustment or a fee, and which lines repeat: ``lines`` of ``shop.yml``."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator, model_validator

from bootstrap.project import current
from bootstrap.values import Spec


def _compiled(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is not a regular expression ({error})") from None
    return patterns


Patterns = Annotated[tuple[str, ...], AfterValidator(_compiled)]
Words = Annotated[tuple[str, ...], AfterValidator(lambda values: tuple(value.strip().lower() for value in values))]


class Mark(Spec):
    """What tells lines apart by the number of their invoice. Case makes no difference."""

    prefixes: tuple[str, ...] = ()
    patterns: Patterns = Field((), description="regular expressions for the whole number")

    def conditions(self) -> list[str]:
        """SQL on a line, any of which marks it."""
        starts = [f"starts_with(invoice_no, {_text(prefix.upper())})" for prefix in self.prefixes]
        return [*starts, *([f"invoice_no ~* {_whole(self.patterns)}"] if self.patterns else [])]


class Codes(Spec):
    """Codes of what is not a product: as they are, or regular expressions for the whole code."""

    codes: tuple[str, ...] = ()
    patterns: Patterns = ()

    @field_validator("codes", mode="before")
    @classmethod
    def _as_text(cls, codes: object) -> object:
        return tuple(map(str, codes)) if isinstance(codes, list) else codes

    def is_product(self) -> str:
        """SQL on a line. Most codes begin with a digit: they are not tried against what begins with a letter."""
        digits = [code.upper() for code in self.codes if code[:1].isdigit()]
        others = [re.escape(code) for code in self.codes if not code[:1].isdigit()]
        any_start = [pattern for pattern in self.patterns if not pattern[:1].isalpha()]
        numeric = [f"stock_code not in ({', '.join(map(_text, digits))})"] if digits else []
        numeric += [f"stock_code !~* {_whole(any_start)}"] if any_start else []
        named = (*others, *self.patterns)
        return (
            f"case when ascii(stock_code) between 48 and 57 then {' and '.join(numeric) or 'true'} "
            f"else {f'stock_code !~* {_whole(named)}' if named else 'true'} end"
        )


class Period(Spec):
    """Days, both included, that the source holds twice."""

    first: date
    last: date

    @model_validator(mode="after")
    def _in_order(self) -> "Period":
        if self.last < self.first:
            raise ValueError("last is before first")
        return self


class Status(Spec):
    """The column that says what became of an order, and what its values mean. Case and outer blanks do not count."""

    column: str
    left_out: Words = Field((), description="lines that never came to be: they are counted and passed over")
    cancelled: Words = Field((), description="lines that take something back: their quantity is negative")
    adjusted: Words = ()

    def condition(self, values: tuple[str, ...]) -> list[str]:
        """SQL on a line that has one of these values; none without values."""
        return [f"coalesce(status = any({texts(values)}), false)"] if values else []


class LineRules(Spec):
    """The section ``lines`` of ``shop.yml``."""

    cancelled: Mark = Mark()
    adjusted: Mark = Mark()
    not_products: Codes = Codes()
    overlaps: tuple[Period, ...] = ()
    status: Status | None = None

    def parts(self, *, day: str = "day") -> dict[str, str]:
        """All of it as parts of the statements in ``warehouse/sql`` and ``warehouse/checks``, by their names there.

        ``day`` is the column that tells whether a line is in a period that the source holds twice.
        """
        status, cancelled = self.status or Status(column=""), self.cancelled.conditions()
        adjusted = [*self.adjusted.conditions(), "unit_price < 0", *status.condition(status.adjusted)]
        return {
            "is_product": self.not_products.is_product(),
            "is_cancelled": _any([*cancelled, *status.condition(status.cancelled)]),
            "is_cancelled_by_number": _any(cancelled),
            "is_adjusted": _any(adjusted),
            "is_in_overlap": _any([f"{day} between '{period.first}' and '{period.last}'" for period in self.overlaps]),
            "status_hash": "# hashtextextended(coalesce(status, ''), 0)" if self.status else "",
        }


def line_rules() -> LineRules:
    """Those of the current project. Raises ``SpecError`` for a wrong one."""
    return current().section("lines", LineRules)


def texts(values: tuple[str, ...]) -> str:
    """SQL: an array of texts."""
    return f"array[{', '.join(map(_text, values))}]::text[]"


def _any(conditions: list[str]) -> str:
    return f"({' or '.join(conditions) or 'false'})"


def _whole(patterns: tuple[str, ...] | list[str]) -> str:
    return _text(f"^({'|'.join(patterns)})$")


def _text(value: str) -> str:
    """Without a percent sign: some statements that it goes into have parameters, others none."""
    return "'" + value.replace("'", "''").replace("%", "' || chr(37) || '") + "'"
