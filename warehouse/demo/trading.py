"""When the demo shop is open, and how much of its trade falls on each day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from dateutil.easter import easter
from numpy.typing import NDArray

from bootstrap.errors import UsageError
from warehouse import opening

# Lines of a trading day by month, January first, and by weekday, Monday first: the autumn peak, the closed Saturdays.
MONTH_WEIGHTS = (1400, 1190, 1450, 1490, 1500, 1475, 1400, 1320, 1780, 2310, 3130, 2400)
WEEKDAY_WEIGHTS = (1.13, 1.06, 1.0, 1.11, 0.87, 0.0, 0.79)
GUEST_SHARES = (0.33, 0.23, 0.22, 0.20, 0.19, 0.22, 0.23, 0.20, 0.17, 0.155, 0.22, 0.32)
# Invoices by hour from 7 o'clock on, by weekday.
_WEEK = (0.01, 0.14, 0.46, 0.71, 0.76, 0.96, 0.85, 0.77, 0.7, 0.5, 0.25)
_HOURS = dict.fromkeys(range(5), (7, _WEEK)) | {
    3: (7, (*_WEEK, 0.36, 0.3, 0.05)),
    6: (10, (0.58, 0.92, 1.08, 0.89, 0.75, 0.7)),
}
OVERLAP_DAYS = 9


def _bank_holidays(year: int) -> set[date]:
    easters = {easter(year) + timedelta(days=days) for days in (-2, 0, 1)}
    last_mondays = {date(year, month, 31) - timedelta(days=date(year, month, 31).weekday()) for month in (5, 8)}
    return easters | last_mondays | {date(year, 5, 1 + (7 - date(year, 5, 1).weekday()) % 7)}


def is_open(day: date) -> bool:
    """Closed on Saturdays, bank holidays, and from Christmas Eve to the third of January.

    The demo trades on holidays that a single year has, and on those that moved: it never leaves a hole in a month.
    """
    if day.weekday() == 5 or (day.month, day.day) >= (12, 24) or (day.month, day.day) <= (1, 3):
        return False
    return day not in _bank_holidays(day.year) or opening.is_open(day)


def opening_curve(weekday: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of the day's invoices written so far, and the minute since midnight, to interpolate between."""
    first, weights = _HOURS[weekday]
    shares = np.concatenate([[0.0], np.cumsum(weights)])
    return shares / shares[-1], np.arange(first, first + len(shares)) * 60.0


@dataclass(frozen=True)
class Trading:
    """The trading days in order. ``weights`` is each day's share of all lines, ``guests`` the guests' share of those.

    ``copied`` is the range of days that stand twice.
    """

    days: list[date]
    weights: NDArray[np.float64]
    guests: NDArray[np.float64]
    copied: range


def trading(start: date, end: date) -> Trading:
    """The trading days from ``start`` to ``end``, both included. Raises ``UsageError`` when there is none."""
    if end < start:
        raise UsageError(f"The demo shop cannot trade from {start} to {end}. Give an end that is not before the start.")
    days = [day for day in _days(start, end) if is_open(day)]
    if not days:
        raise UsageError(
            f"The demo shop is closed on every day from {start} to {end}. Give a range with a working day."
        )
    weights = np.array([MONTH_WEIGHTS[day.month - 1] * WEEKDAY_WEIGHTS[day.weekday()] for day in days])
    copied = _copied(days, start)
    twice = np.ones(len(days))
    twice[copied.start : copied.stop] = 2
    guests = np.array([GUEST_SHARES[day.month - 1] for day in days])
    return Trading(days, weights / (weights * twice).sum(), guests, copied)


def _days(start: date, end: date) -> Iterator[date]:
    return (start + timedelta(days=offset) for offset in range((end - start).days + 1))


def _copied(days: list[date], start: date) -> range:
    """The first nine days of the second December, where two yearly sheets overlap, when trade goes on after them."""
    year = start.year + 1
    first, last = date(year, 12, 1), date(year, 12, OVERLAP_DAYS)
    inside = [index for index, day in enumerate(days) if first <= day <= last]
    whole = inside and start <= first and days[-1] > last
    return range(inside[0], inside[-1] + 1) if whole else range(0)
