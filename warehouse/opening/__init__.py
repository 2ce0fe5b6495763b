"""The days on which the shop is open: weekdays, public holidays and yearly breaks, ``open_days`` of ``shop.yml``."""

from datetime import date, time, timedelta
from functools import cache

from dateutil.easter import easter
from holidays import country_holidays
from pydantic import Field, field_validator

from bootstrap.project import current
from bootstrap.values import Spec

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class PublicHolidays(Spec):
    """Whose public holidays the shop keeps: ISO 3166 codes of a country and of a part of it."""

    country: str
    subdivision: str | None = None


class Range(Spec):
    """Days closed in every year, both included: month and day, such as ``12-24``. It may run over New Year."""

    name: str
    first: str = Field(pattern=r"^\d\d-\d\d$")
    last: str = Field(pattern=r"^\d\d-\d\d$")

    def holds(self, day: date) -> bool:
        written = f"{day:%m-%d}"
        if self.first <= self.last:
            return self.first <= written <= self.last
        return written >= self.first or written <= self.last


class Opening(Spec):
    """The section ``open_days`` of ``shop.yml``."""

    closed_weekdays: tuple[str, ...] = ()
    public_holidays: PublicHolidays | None = None
    closed_around_easter: dict[int, str] = Field(default_factory=dict)
    closed_every_year: tuple[Range, ...] = ()
    last_orders_from: time = time(0)

    @field_validator("closed_weekdays")
    @classmethod
    def _are_weekdays(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in _WEEKDAYS:
                raise ValueError(f"{name} is not a weekday. Write one of {', '.join(_WEEKDAYS)}.")
        return names

    def closed_because(self, day: date) -> str | None:
        """Why the shop is closed on ``day``, such as ``Saturday`` or ``Good Friday``; ``None`` when it is open."""
        if _WEEKDAYS[day.weekday()] in self.closed_weekdays:
            return _WEEKDAYS[day.weekday()]
        for closed in self.closed_every_year:
            if closed.holds(day):
                return closed.name
        around = self.closed_around_easter.get((day - easter(day.year)).days)
        return around or _public_holidays(self.public_holidays, day.year).get(day)


@cache
def _public_holidays(of: PublicHolidays | None, year: int) -> dict[date, str]:
    if of is None:
        return {}
    return dict(country_holidays(of.country, subdiv=of.subdivision, years=year, language="en_GB").items())


def opening() -> Opening:
    """The shop's opening days. Raises ``SpecError`` for a wrong one."""
    return current().section("open_days", Opening)


def is_open(day: date) -> bool:
    """Whether the shop expects to trade on ``day``."""
    return opening().closed_because(day) is None


def closed_days(first: date, last: date) -> dict[date, str]:
    """The days from ``first`` to ``last``, both included, on which the shop is closed, with the reason."""
    shop, days = opening(), (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    reasons = ((day, shop.closed_because(day)) for day in days)
    return {day: reason for day, reason in reasons if reason}
