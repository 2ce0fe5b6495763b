"""What the demo shop's office books beside the trade: fees, adjustments of bad debt, write-offs and free goods."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from warehouse.demo.customers import Customers
from warehouse.demo.invoices import Invoices, constant
from warehouse.demo.orders import Shelf, draw
from warehouse.demo.words import BOOKINGS, FREE_NOTES, HOME, WRITE_OFF_NOTES

_GUEST = f"\\N\t{HOME}"
# A shop of so many lines books each kind of fee at least once, and adjusts bad debt three times.
_LARGE_ENOUGH = 10_000
WRITE_OFFS, FREE = 0.00325, 0.0025


@dataclass(frozen=True)
class Diary:
    """On which trading day each booking falls: ``day`` sorted, ``kind`` a number into BOOKINGS; -1: an adjustment."""

    day: NDArray[np.int64]
    kind: NDArray[np.int64]

    def on(self, day: int, part: int, parts: int) -> NDArray[np.int64]:
        """The kinds booked in one of the day's equal parts."""
        first, last = np.searchsorted(self.day, [day, day + 1])
        return self.kind[first:last][part::parts]


def make_diary(rng: Generator, *, lines: int, weights: NDArray[np.float64]) -> Diary:
    least = 1 if lines >= _LARGE_ENOUGH else 0
    counts = [max(least, round(booking.per_million * lines / 1e6)) for booking in BOOKINGS]
    adjustments = max(3 * least, round(3 * lines / 1e6))
    kind = np.repeat(np.arange(-1, len(BOOKINGS)), [adjustments, *counts])
    day = rng.choice(len(weights), len(kind), p=weights / weights.sum())
    order = np.argsort(day, kind="stable")
    return Diary(day[order], kind[order])


def bookings(
    rng: Generator,
    kinds: NDArray[np.int64],
    customers: Customers,
    reach: NDArray[np.float64],
    minute: NDArray[np.int64],
) -> Invoices:
    """One invoice of one line per kind."""
    count = len(kinds)
    letter, party = constant("", count), constant(_GUEST, count)
    item, units, cents = (
        constant("B\tAdjust bad debt", count),
        np.ones(count, dtype=np.int64),
        np.zeros(count, np.int64),
    )
    who = draw(rng, reach, count)
    for place, kind in enumerate(kinds.tolist()):
        if kind < 0:
            letter[place], cents[place] = "A", -round(100 * float(np.exp(rng.normal(9, 0.4))))
            continue
        booking = BOOKINGS[kind]
        item[place] = f"{booking.code}\t{booking.description}"
        cents[place] = max(1, round(100 * booking.price * float(np.exp(rng.normal(0, booking.spread)))))
        if rng.random() < booking.cancelled:
            letter[place], units[place] = "C", -1
        if rng.random() >= booking.guests and len(who):
            party[place] = f"{customers.ids[who[place]]}\t{customers.names[customers.country[who[place]]]}"
    return Invoices(minute, np.ones(count, dtype=np.int64), letter, party, item, units, cents)


def write_offs(rng: Generator, shelf: Shelf, minute: NDArray[np.int64]) -> Invoices:
    """Stock that left without a sale: negative units and no letter."""
    size = np.exp(rng.normal(3.2, 1.75, len(minute)))
    return _stock_moves(
        rng, shelf, minute, units=-np.clip(size, 1, 9600).astype(np.int64), notes=WRITE_OFF_NOTES, blank=0.77
    )


def free_goods(rng: Generator, shelf: Shelf, minute: NDArray[np.int64]) -> Invoices:
    """Stock that was found, or given away."""
    size = np.where(rng.random(len(minute)) < 0.4, 1, np.exp(rng.normal(2.2, 1.9, len(minute))))
    return _stock_moves(
        rng, shelf, minute, units=np.clip(size, 1, 12_540).astype(np.int64), notes=FREE_NOTES, blank=0.62
    )


def _stock_moves(
    rng: Generator,
    shelf: Shelf,
    minute: NDArray[np.int64],
    *,
    units: NDArray[np.int64],
    notes: tuple[str, ...],
    blank: float,
) -> Invoices:
    count = len(minute)
    items = shelf.items[shelf.draw(rng, count)]
    chance = rng.random(count)
    for place, item in enumerate(items):
        code, _, _ = item.partition("\t")
        if chance[place] < blank:
            items[place] = f"{code}\t\\N"
        elif chance[place] < blank + 0.75 * (1 - blank):
            items[place] = f"{code}\t{notes[int(chance[place] * 1e6) % len(notes)]}"
    ones = np.ones(count, dtype=np.int64)
    return Invoices(minute, ones, constant("", count), constant(_GUEST, count), items, units, 0 * ones)
