"""The demo shop as it stands on its first day: when it is open, what it sells, who will buy, what its office will book.

Its words and its usual numbers are in ``demo.yml``. All arrays of one table have an entry for each of its rows.
"""

from datetime import date, timedelta
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import yaml
from dateutil.easter import easter
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from bootstrap.errors import UsageError
from warehouse import opening

_FIRST_ID = 12_001
_EARLIER_DAYS = 720  # trading days' worth of new customers that the shop has won before its first day
_ONCE = 0  # of three kinds of customers: once, lapsing, loyal
_PILOT = 20_000
_OVERLAP_DAYS = 9
_MOST_PRODUCTS = 60_000
_DEAR = 1900  # things that usually cost so many pence are rarely bought
_LARGE_ENOUGH = 10_000  # a shop of so many lines books each kind of fee at least once, and adjusts bad debt three times

Numbers = NDArray[np.int64]
Reals = NDArray[np.float64]
Texts = NDArray[np.object_]


FACTS = SimpleNamespace(**yaml.safe_load(Path(__file__).with_name("demo.yml").read_text(encoding="utf-8")))
COUNTRIES = (FACTS.home, *FACTS.abroad)


def snap(values: Reals, points: list[int]) -> Numbers:
    """The nearest of the points, by ratio."""
    limits = np.sqrt(np.array(points[1:], dtype=np.float64) * np.array(points[:-1], dtype=np.float64))
    snapped: Numbers = np.array(points)[np.searchsorted(limits, values)]
    return snapped


def draw(rng: Generator, reach: Reals, count: int) -> Numbers:
    """``count`` numbers with the chances whose cumulative sum is ``reach``; none when nobody has a chance."""
    if not len(reach) or reach[-1] <= 0:
        return np.zeros(0, dtype=np.int64)
    found: Numbers = np.searchsorted(reach, rng.random(count) * reach[-1], side="right")
    return found.clip(max=len(reach) - 1)


class Trading(NamedTuple):
    """The trading days in order. ``weights`` is each day's share of all lines, ``guests`` the guests' share of those.

    ``copied`` is the range of days that the file holds twice.
    """

    days: list[date]
    weights: Reals
    guests: Reals
    copied: range


def trading(start: date, end: date) -> Trading:
    """The trading days from ``start`` to ``end``, both included. Raises ``UsageError`` when there is none."""
    if end < start:
        raise UsageError(f"The demo shop cannot trade from {start} to {end}. Give an end that is not before the start.")
    days = [day for day in (start + timedelta(offset) for offset in range((end - start).days + 1)) if is_open(day)]
    if not days:
        raise UsageError(
            f"The demo shop is closed on every day from {start} to {end}. Give a range with a working day."
        )
    weights = np.array([FACTS.month_weights[day.month - 1] * FACTS.weekday_weights[day.weekday()] for day in days])
    copied = _copied(days, start)
    twice = np.ones(len(days))
    twice[copied.start : copied.stop] = 2
    guests = np.array([FACTS.guest_shares[day.month - 1] for day in days])
    return Trading(days, weights / (weights * twice).sum(), guests, copied)


def is_open(day: date) -> bool:
    """Closed on Saturdays, bank holidays, and from Christmas Eve to the third of January.

    The demo trades on holidays that a single year has, and on those that moved: it never leaves a hole in a month.
    """
    if day.weekday() == 5 or (day.month, day.day) >= (12, 24) or (day.month, day.day) <= (1, 3):
        return False
    in_may_or_august = (day.month == 5 and not 7 < day.day < 25) or (day.month == 8 and day.day >= 25)
    is_bank_holiday = (day - easter(day.year)).days in (-2, 0, 1) or (day.weekday() == 0 and in_may_or_august)
    return not is_bank_holiday or opening.is_open(day)


def _copied(days: list[date], start: date) -> range:
    """The first nine days of the second December, where two yearly sheets overlap, when trade goes on after them."""
    first, last = date(start.year + 1, 12, 1), date(start.year + 1, 12, _OVERLAP_DAYS)
    inside = [index for index, day in enumerate(days) if first <= day <= last]
    whole = inside and start <= first and days[-1] > last
    return range(inside[0], inside[-1] + 1) if whole else range(0)


class Shelf(NamedTuple):
    """What can be bought today: cumulative popularity, items and prices in pence of each product."""

    reach: Reals
    items: Texts
    cents: Numbers


class Catalogue(NamedTuple):
    """The products. ``items`` and ``cents`` have two columns: before and after a product's change at ``changed``.

    ``items`` is stock code, tab, description as COPY text; ``cents`` the list price in pence; ``changed``,
    ``launched`` and ``retired`` are trading-day numbers.
    """

    items: Texts
    cents: Numbers
    changed: Numbers
    launched: Numbers
    retired: Numbers
    popularity: Reals
    is_seasonal: NDArray[np.bool_]

    def on(self, day: int, month: int) -> Shelf:
        """What there is on the trading day ``day`` in the calendar month ``month``."""
        season = np.where(self.is_seasonal, 4.0 if month >= 9 else 0.08, 1.0)
        weights = self.popularity * season * ((self.launched <= day) & (self.retired > day))
        column = (self.changed <= day).astype(np.int64)
        row = np.arange(len(column))
        return Shelf(np.cumsum(weights), self.items[row, column], self.cents[row, column])


def _catalogue(rng: Generator, *, products: int, days: int) -> Catalogue:
    """``products`` products over ``days`` trading days; about six in ten are there from the first day."""
    count = min(products, _MOST_PRODUCTS)
    first = np.arange(count) < max(1, count // 10)
    names, usual, is_seasonal = _names(rng, count)
    prices = snap(usual * np.exp(rng.normal(-0.05, 0.5, count)), FACTS.prices)
    later = snap(prices * rng.choice([1.0, 1.12, 0.88], count, p=[0.6, 0.25, 0.15]), FACTS.prices)
    launched = np.where(rng.random(count) < 0.6, 0, rng.integers(0, max(1, days), count))
    life = np.where(rng.random(count) < 0.55, 10 * days + 1, rng.exponential(350, count)).astype(np.int64) + 40
    launched, life = np.where(first, 0, launched), np.where(first, 10 * days + 1, life)
    return Catalogue(
        items=_items(rng, names),
        cents=np.column_stack([prices, later]),
        changed=rng.integers(0, 2 * days + 1, count),
        launched=launched,
        retired=launched + life,
        popularity=np.exp(rng.normal(0, 1.1, count)) * (prices / 200.0) ** -0.25 * np.where(usual < _DEAR, 1.0, 0.02),
        is_seasonal=is_seasonal & ~first,
    )


def _names(rng: Generator, count: int) -> tuple[list[str], Reals, NDArray[np.bool_]]:
    """Names, often with a colour, their usual prices in pence, and whether they belong to Christmas."""
    motifs = [*FACTS.seasonal_motifs, *FACTS.motifs]
    words = list(product(["", *FACTS.colours], motifs, FACTS.things))
    picked = [words[pick] for pick in rng.choice(len(words), count, replace=False)]
    usual = np.array([FACTS.things[thing] for _, _, thing in picked], dtype=np.float64)
    is_seasonal = np.array([motif in FACTS.seasonal_motifs for _, motif, _ in picked])
    return [" ".join(name).lstrip() for name in picked], usual, is_seasonal


def _items(rng: Generator, names: list[str]) -> Texts:
    """Codes are five digits and sometimes a letter. Many names end in a blank, few begin with one."""
    count = len(names)
    numbers = rng.choice(80_000, count, replace=False) + 15_000
    suffixes = np.where(rng.random(count) < 0.12, rng.choice(FACTS.code_suffixes, count), "")
    untidy = rng.choice(["{}", "{} ", " {}", "{}\\\\BOXED"], count, p=[0.8155, 0.18, 0.003, 0.0015])
    renamed = rng.choice(["{}", "{} ", "VINTAGE {}"], count, p=[0.87, 0.07, 0.06])
    items = [
        (f"{number}{suffix}\t{first.format(name)}", f"{number}{suffix}\t{second.format(first.format(name))}")
        for name, number, suffix, first, second in zip(names, numbers, suffixes, untidy, renamed, strict=True)
    ]
    return np.array(items, dtype=np.object_)


class Customers(NamedTuple):
    """The customers in order of ``arrives``; those won before the first day have -1 there.

    ``arrives`` and ``leaves`` are trading-day numbers, ``rate`` orders per trading day after the first,
    ``lines`` and ``units`` logarithms of how far the customer's orders differ from the usual, ``country`` a number
    into COUNTRIES.
    """

    arrives: Numbers
    leaves: Numbers
    rate: NDArray[np.float32]
    lines: NDArray[np.float32]
    units: NDArray[np.float32]
    ids: NDArray[np.int32]
    country: NDArray[np.int16]

    def reach(self, day: int) -> Reals:
        """Cumulative rate of those who may come back on ``day``."""
        return np.cumsum(np.where((self.arrives < day) & (self.leaves > day), self.rate, 0.0), dtype=np.float64)

    def arrivals(self, day: int) -> Numbers:
        """Those whose first order is on ``day``."""
        return np.arange(*np.searchsorted(self.arrives, [day, day + 1]))


def _customers(rng: Generator, *, orders: float, weights: Reals) -> Customers:
    """As many customers as place about ``orders`` orders over trading days of these ``weights``."""
    arrives, leaves, rate = _lives(rng, _PILOT, weights)
    stay = np.clip(np.minimum(leaves, len(weights)) - np.maximum(arrives, 0), 0, None)
    each = float(((arrives >= 0) + rate * stay).mean())
    count = max(1, round(orders / each))
    arrives, leaves, rate = _lives(rng, count, weights)
    country = _countries(rng, count)
    rare = np.bincount(country, minlength=len(COUNTRIES))[country] <= 3
    arrives = np.where(rare & (arrives < 0), rng.choice(len(weights), count, p=weights / weights.sum()), arrives)
    order = np.argsort(arrives, kind="stable")
    buys_for_a_shop = rng.random(count) < 0.035
    return Customers(
        arrives=arrives[order],
        leaves=leaves[order],
        rate=rate[order].astype(np.float32),
        lines=rng.normal(0, 0.62, count).astype(np.float32),
        units=(rng.normal(0, 0.55, count) + buys_for_a_shop * rng.normal(1.6, 0.5, count)).astype(np.float32),
        ids=(_FIRST_ID + rng.permutation(count)).astype(np.int32),
        country=country[order],
    )


def _lives(rng: Generator, count: int, weights: Reals) -> tuple[Numbers, Numbers, Reals]:
    """Arrival and leaving day, and orders per trading day, of ``count`` customers."""
    days = len(weights)
    kind = rng.choice(3, count, p=(0.07, 0.58, 0.35))
    is_earlier = (rng.random(count) < _EARLIER_DAYS / (_EARLIER_DAYS + days)) & (kind != _ONCE)
    chance = 0.5 / days + 0.5 * weights / weights.sum()
    arrives = np.where(is_earlier, -1, rng.choice(days, count, p=chance / chance.sum()))
    life = rng.exponential(np.array([1, 230, 1600])[kind]).astype(np.int64) + 1
    rate = np.exp(rng.normal(np.log([1e-9, 0.0135, 0.0165])[kind], np.array([0.1, 0.6, 0.85])[kind]))
    return arrives, arrives + life, np.where(kind == _ONCE, 0.0, rate)


def _countries(rng: Generator, count: int) -> NDArray[np.int16]:
    """Numbers into COUNTRIES: each country abroad has one customer as long as they last, then by its share."""
    abroad = round(count * (1 - FACTS.at_home))
    shares = np.array(list(FACTS.abroad.values())) / sum(FACTS.abroad.values())
    one_each = np.arange(min(abroad, len(shares)))
    rest = rng.choice(len(shares), abroad - len(one_each), p=shares)
    country = np.zeros(count, dtype=np.int16)
    country[:abroad] = np.concatenate([one_each, rest]) + 1
    return rng.permutation(country)


def _diary(rng: Generator, *, lines: int, weights: Reals) -> tuple[Numbers, Numbers]:
    """The trading day of each booking, sorted, and its kind: a number into bookings, or -1, which is an adjustment."""
    least = 1 if lines >= _LARGE_ENOUGH else 0
    counts = [max(least, round(booking["per_million"] * lines / 1e6)) for booking in FACTS.bookings]
    adjustments = max(3 * least, round(3 * lines / 1e6))
    kind = np.repeat(np.arange(-1, len(counts)), [adjustments, *counts])
    day = rng.choice(len(weights), len(kind), p=weights / weights.sum())
    order = np.argsort(day, kind="stable")
    return day[order], kind[order]


class Shop(NamedTuple):
    """A shop of about ``lines`` lines. Its size follows its customers and products, not its lines."""

    seed: int
    lines: int
    trading: Trading
    customers: Customers
    catalogue: Catalogue
    diary: tuple[Numbers, Numbers]

    def booked(self, day: int) -> Numbers:
        """The kind of each booking on a trading day."""
        days, kinds = self.diary
        return kinds[slice(*np.searchsorted(days, [day, day + 1]))]


def open_shop(*, seed: int, lines: int, trading: Trading) -> Shop:
    """A shop whose customers and products fit its lines: ten times the lines make ten times the customers."""
    rng, weights = default_rng([seed, 0x5409]), trading.weights
    orders = lines * FACTS.line_shares["customers"] / FACTS.mean_lines["customer"]
    customers = _customers(rng, orders=orders, weights=weights)
    catalogue = _catalogue(rng, products=max(60, round(4.5 * lines**0.5)), days=len(weights))
    return Shop(seed, lines, trading, customers, catalogue, _diary(rng, lines=lines, weights=weights))
