"""Orders and cancellations of the demo shop: which products, how many units, at which price."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from warehouse.demo.catalogue import snap_price
from warehouse.demo.customers import Customers
from warehouse.demo.invoices import Invoices, constant, spans
from warehouse.demo.words import CARRIAGE_COUNTRIES, GUESTS_ABROAD, HOME, VOUCHERS

# Lines of a usual order, of a guest's own and of the web shop's collected ones: middle and spread of the logarithm.
_ORDER_LINES = (2.73, 0.68)
_GUEST_LINES, _WEB_LINES = (1.1, 1.3), (4.6, 0.85)
_WEB_SHARE = 0.48
MEAN_ORDER_LINES, MEAN_GUEST_LINES = 21.7, 77.0
# fmt: off
_PACKS = np.array([
    1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 18, 20, 24, 25, 30, 32, 36, 40, 48, 50, 60, 72, 96, 100, 120, 144, 192, 200, 240,
    288, 300, 360, 400, 432, 480, 500, 576, 600, 720, 800, 864, 1000, 1200, 1440, 2000, 2400, 3000, 4000, 6000, 8000,
    12_000, 24_000, 48_000, 72_000,
])
# fmt: on
_PACK_LIMITS = np.sqrt(_PACKS[1:] * _PACKS[:-1].astype(np.float64))
_VOUCHERS = np.array([f"gift_0001_{pounds}\tGift voucher for {pounds} pounds" for pounds in VOUCHERS], dtype=np.object_)


@dataclass(frozen=True)
class Shelf:
    """What can be bought today: cumulative popularity, items and prices in pence, one entry per product."""

    reach: NDArray[np.float64]
    items: NDArray[np.object_]
    cents: NDArray[np.int64]

    def draw(self, rng: Generator, count: int) -> NDArray[np.int64]:
        return draw(rng, self.reach, count)


def draw(rng: Generator, reach: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """``count`` numbers with the chances whose cumulative sum is ``reach``; none when nobody has a chance."""
    if not len(reach) or reach[-1] <= 0:
        return np.zeros(0, dtype=np.int64)
    found: NDArray[np.int64] = np.minimum(
        np.searchsorted(reach, rng.random(count) * reach[-1], side="right"), len(reach) - 1
    )
    return found


def customer_orders(
    rng: Generator, shelf: Shelf, customers: Customers, who: NDArray[np.int64], minute: NDArray[np.int64]
) -> Invoices:
    """One order per entry of ``who``, a number into ``customers``."""
    middle, spread = _ORDER_LINES
    size = np.exp(middle + customers.lines[who] + rng.normal(0, spread, len(who)))
    lines = np.where(rng.random(len(who)) < 0.03, 1, np.maximum(1, size)).astype(np.int64)
    product = shelf.draw(rng, int(lines.sum()))
    cents = shelf.cents[product]
    units = _units(rng, cents, 1.72 + np.repeat(customers.units[who], lines), 0.85, slope=-0.55)
    by_the_box = (units >= 24) & (rng.random(len(units)) < 0.5)
    cents = np.where(by_the_box, snap_price(cents * 0.84), cents)
    cents[rng.random(len(cents)) < 7e-5] = 0
    orders = Invoices(
        minute, lines, constant("", len(who)), _parties(rng, customers, who), shelf.items[product], units, cents
    )
    _repeat_some(rng, orders)
    _carry(rng, orders, customers, who)
    return orders


def guest_orders(rng: Generator, shelf: Shelf, minute: NDArray[np.int64]) -> Invoices:
    """Orders without a customer: small ones, and the web shop's, collected into one long invoice with its postage."""
    count = len(minute)
    is_web = rng.random(count) < _WEB_SHARE
    middle, spread = (np.where(is_web, web, small) for web, small in zip(_WEB_LINES, _GUEST_LINES, strict=True))
    lines = np.clip(np.exp(rng.normal(middle, spread)), 1, 1350).astype(np.int64) + is_web
    product = shelf.draw(rng, int(lines.sum()))
    units = _units(rng, shelf.cents[product], 0.1, 1.0, slope=-0.25)
    cents = np.maximum(1, np.round(shelf.cents[product] * rng.choice([1.96, 1.68], len(product), p=[0.75, 0.25])))
    party = constant(f"\\N\t{HOME}", count)
    party[rng.random(count) < 0.02] = f"\\N\t{rng.choice(GUESTS_ABROAD)}"
    orders = Invoices(minute, lines, constant("", count), party, shelf.items[product], units, cents.astype(np.int64))
    _repeat_some(rng, orders)
    _vouch(rng, orders)
    last = (np.cumsum(lines) - 1)[is_web]
    orders.item[last], orders.units[last] = "DOT\tDOTCOM POSTAGE", 1
    orders.cents[last] = np.round(100 * np.exp(rng.normal(np.log(1.4 * lines[is_web]), 0.5)))
    return orders


def cancellations(rng: Generator, orders: Invoices, *, share: float) -> Invoices:
    """Cancel part of ``share`` of the orders: some of the lines, all or some of the units, at the same price."""
    which = np.flatnonzero(rng.random(len(orders.lines)) < share)
    lines = np.minimum(orders.lines[which], rng.geometric(0.42, len(which)))
    slack = orders.lines[which] - lines
    starts = (np.cumsum(orders.lines) - orders.lines)[which] + np.floor(rng.random(len(which)) * (slack + 1)).astype(
        np.int64
    )
    sent_back = orders.pick(which, lines, spans(starts, lines))
    part = np.where(rng.random(len(sent_back.units)) < 0.33, 1.0, rng.random(len(sent_back.units)))
    units = -np.maximum(1, np.ceil(sent_back.units * part)).astype(np.int64)
    return Invoices(
        sent_back.minute,
        lines,
        constant("C", len(which)),
        sent_back.party,
        sent_back.item,
        units,
        sent_back.cents,
    )


def _units(
    rng: Generator, cents: NDArray[np.int64], middle: float | NDArray[np.float64], spread: float, *, slope: float
) -> NDArray[np.int64]:
    """Units in the sizes that things are packed in: fewer of what is dear (``slope``), heavy-tailed."""
    noise = rng.normal(0, spread, len(cents)) + (rng.random(len(cents)) < 0.003) * rng.exponential(1.0, len(cents))
    packs: NDArray[np.int64] = _PACKS[
        np.searchsorted(_PACK_LIMITS, np.exp(middle + slope * np.log(cents / 195.0) + noise))
    ]
    return packs


def _parties(rng: Generator, customers: Customers, who: NDArray[np.int64]) -> NDArray[np.object_]:
    """Id and country; one customer in 400 has a second country."""
    country = customers.country[who].astype(np.int64)
    moves = (customers.ids[who] % 400 == 0) & (rng.random(len(who)) < 0.5)
    country = np.where(moves, (country + 5) % len(customers.names), country)
    pairs = zip(customers.ids[who].tolist(), country.tolist(), strict=True)
    texts = [f"{number}\t{customers.names[place]}" for number, place in pairs]
    return np.array(texts, dtype=np.object_)


def _repeat_some(rng: Generator, orders: Invoices) -> None:
    """Make a few lines exact repeats of the one before them in their invoice."""
    repeats = rng.random(len(orders.units)) < 0.004
    repeats[np.cumsum(orders.lines) - orders.lines] = False
    places = np.flatnonzero(repeats)
    for column in (orders.item, orders.units, orders.cents):
        column[places] = column[places - 1]


def _vouch(rng: Generator, orders: Invoices) -> None:
    places = np.flatnonzero(rng.random(len(orders.units)) < 4e-4)
    kinds = rng.integers(0, len(VOUCHERS), len(places))
    orders.item[places], orders.units[places] = _VOUCHERS[kinds], 1
    orders.cents[places] = np.round(np.array(VOUCHERS)[kinds] * 100 / 1.2)


def _carry(rng: Generator, orders: Invoices, customers: Customers, who: NDArray[np.int64]) -> None:
    """Let many orders from abroad end in a line of postage, or of carriage to the islands."""
    country = customers.country[who]
    places = np.flatnonzero((country > 0) & (orders.lines > 1) & (rng.random(len(who)) < 0.75))
    last = (np.cumsum(orders.lines) - 1)[places]
    islands = [customers.names.index(name) for name in CARRIAGE_COUNTRIES]
    by_sea = np.isin(country[places], islands)
    orders.item[last] = np.where(by_sea, "C2\tCARRIAGE", "POST\tPOSTAGE")
    orders.units[last] = np.where(by_sea, 1, 1 + rng.poisson(1.2, len(places)))
    orders.cents[last] = np.where(
        by_sea, 5000, rng.choice([1500, 1800, 2800, 4000], len(places), p=[0.2, 0.6, 0.15, 0.05])
    )
