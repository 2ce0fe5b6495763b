"""Who buys at the demo shop: once, for a while, or always; at home or abroad; for a home or for a shop of their own."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from warehouse.demo.words import ABROAD, HOME, HOME_SHARE

FIRST_ID = 12_001
# Trading days' worth of new customers that the shop has won before its first day.
EARLIER_DAYS = 720
ONCE, LAPSING, LOYAL = 0, 1, 2
_SHARES = (0.07, 0.58, 0.35)
_PILOT = 20_000


@dataclass(frozen=True)
class Customers:
    """One entry per customer, in order of ``arrives``; customers won earlier have -1 there.

    ``arrives`` and ``leaves`` are trading-day numbers, ``rate`` orders per trading day after the first,
    ``lines`` and ``units`` logarithms of how far the customer's orders differ from the usual,
    ``party`` the customer's id and country as they stand in a line.
    """

    arrives: NDArray[np.int64]
    leaves: NDArray[np.int64]
    rate: NDArray[np.float32]
    lines: NDArray[np.float32]
    units: NDArray[np.float32]
    ids: NDArray[np.int32]
    country: NDArray[np.int16]
    names: tuple[str, ...] = (HOME, *ABROAD)

    def reach(self, day: int) -> NDArray[np.float64]:
        """Cumulative rate of those who may come back on ``day``."""
        return np.cumsum(np.where((self.arrives < day) & (self.leaves > day), self.rate, 0.0), dtype=np.float64)

    def arrivals(self, day: int) -> NDArray[np.int64]:
        """Those whose first order is on ``day``."""
        return np.arange(*np.searchsorted(self.arrives, [day, day + 1]))


def make_customers(rng: Generator, *, orders: float, weights: NDArray[np.float64]) -> Customers:
    """As many customers as place about ``orders`` orders over trading days of these ``weights``."""
    pilot = _lives(rng, _PILOT, weights)
    arrives, leaves, rate = pilot
    stay = np.clip(np.minimum(leaves, len(weights)) - np.maximum(arrives, 0), 0, None)
    each = float(((arrives >= 0) + rate * stay).mean())
    count = max(1, round(orders / each))
    arrives, leaves, rate = _lives(rng, count, weights)
    country = _countries(rng, count)
    rare = np.bincount(country, minlength=len(ABROAD) + 1)[country] <= 3
    arrives = np.where(rare & (arrives < 0), rng.choice(len(weights), count, p=weights / weights.sum()), arrives)
    order = np.argsort(arrives, kind="stable")
    buys_for_a_shop = rng.random(count) < 0.035
    return Customers(
        arrives=arrives[order],
        leaves=leaves[order],
        rate=rate[order].astype(np.float32),
        lines=rng.normal(0, 0.62, count).astype(np.float32),
        units=(rng.normal(0, 0.55, count) + buys_for_a_shop * rng.normal(1.6, 0.5, count)).astype(np.float32),
        ids=(FIRST_ID + rng.permutation(count)).astype(np.int32),
        country=country[order],
    )


def _lives(
    rng: Generator, count: int, weights: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Arrival and leaving day, and orders per trading day, of ``count`` customers."""
    days = len(weights)
    kind = rng.choice(3, count, p=_SHARES)
    is_earlier = (rng.random(count) < EARLIER_DAYS / (EARLIER_DAYS + days)) & (kind != ONCE)
    chance = 0.5 / days + 0.5 * weights / weights.sum()
    arrives = np.where(is_earlier, -1, rng.choice(days, count, p=chance / chance.sum()))
    life = rng.exponential(np.array([1, 230, 1600])[kind]).astype(np.int64) + 1
    rate = np.exp(rng.normal(np.log([1e-9, 0.0135, 0.0165])[kind], np.array([0.1, 0.6, 0.85])[kind]))
    return arrives, arrives + life, np.where(kind == ONCE, 0.0, rate)


def _countries(rng: Generator, count: int) -> NDArray[np.int16]:
    """Numbers into (home, *abroad): each country abroad has one customer as long as they last, then by its share."""
    abroad = round(count * (1 - HOME_SHARE))
    shares = np.array(list(ABROAD.values())) / sum(ABROAD.values())
    one_each = np.arange(min(abroad, len(shares)))
    rest = rng.choice(len(shares), abroad - len(one_each), p=shares)
    country = np.zeros(count, dtype=np.int16)
    country[:abroad] = np.concatenate([one_each, rest]) + 1
    return rng.permutation(country)
