"""The demo shop's days: a stream of invoices, each day a function of the seed and of what the days before left."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from warehouse.demo.catalogue import Catalogue, make_catalogue
from warehouse.demo.customers import Customers, make_customers
from warehouse.demo.invoices import Invoices, join, spans
from warehouse.demo.office import FREE, WRITE_OFFS, Diary, bookings, free_goods, make_diary, write_offs
from warehouse.demo.orders import (
    MEAN_GUEST_LINES,
    MEAN_ORDER_LINES,
    Shelf,
    cancellations,
    customer_orders,
    draw,
    guest_orders,
)
from warehouse.demo.trading import Trading, opening_curve

FIRST_INVOICE = 100_001
# A day is made in parts of about so many lines, so that memory does not follow the day's size.
_PART_LINES = 20_000
_CUSTOMER_SHARE, _CANCELLATION_LINES = 0.76, 0.018
_CANCELLED_ORDERS, _CANCELLED_GUEST_ORDERS = 0.205, 0.09
# Lines that a day wrote too many or too few are made up for over so many days.
_SETTLING_DAYS = 20


@dataclass
class Books:
    """What one day hands to the next: the next invoice number, lines owed, cancellations to come by trading day."""

    number: int = FIRST_INVOICE
    owed: float = 0.0
    pending: dict[int, list[Invoices]] = field(default_factory=dict)

    def copy(self) -> "Books":
        return replace(self, pending={day: list(parts) for day, parts in self.pending.items()})


@dataclass(frozen=True)
class Part:
    """A part of a trading day: ``lines`` expected, ``arrivals`` and ``kinds`` to book in it.

    ``clock`` draws so many minutes within its opening hours, which end in the minute ``closes``.
    """

    day: int
    lines: float
    rng: Generator
    shelf: Shelf
    reach: NDArray[np.float64]
    arrivals: NDArray[np.int64]
    kinds: NDArray[np.int64]
    clock: Callable[[int], NDArray[np.int64]]
    closes: int


@dataclass(frozen=True)
class Shop:
    """A shop of about ``lines`` lines. Its state is bounded by its customers and products, not by its lines."""

    seed: int
    lines: int
    trading: Trading
    customers: Customers
    catalogue: Catalogue
    diary: Diary

    def batches(self) -> Iterator[list[str]]:
        """Batches of lines in order of time, without end: the last day goes on until nobody asks for more."""
        books, copied = Books(), self.trading.copied
        for day in range(len(self.trading.days)):
            if day in copied:
                continue
            if day == copied.stop and copied:
                yield from self._twice(books)
            yield from self._day(day, books)
        while True:
            yield self._part(self._overtime(books), books, [])

    def _twice(self, books: Books) -> Iterator[list[str]]:
        """The copied days, and the same again."""
        before = books.copy()
        for pages in (before.copy(), books):
            for day in self.trading.copied:
                yield from self._day(day, pages)
        books.owed += books.owed - before.owed

    def _day(self, day: int, books: Books) -> Iterator[list[str]]:
        days_left = len(self.trading.days) - day
        planned = self.lines * float(self.trading.weights[day])
        expected = max(0.0, planned + books.owed / min(_SETTLING_DAYS, days_left))
        if days_left == 1:
            expected += 3 * (60 * expected) ** 0.5
        books.owed += planned
        due = books.pending.pop(day, [])
        parts = max(1, round(expected / _PART_LINES))
        shelf, reach, arrivals = self._shelf(day), self.customers.reach(day), self.customers.arrivals(day)
        for number in range(parts):
            rng = default_rng([self.seed, day, number])
            part = Part(
                day,
                expected / parts,
                rng,
                shelf,
                reach,
                np.array_split(arrivals, parts)[number],
                self.diary.on(day, number, parts),
                *self._hours(rng, day, number, parts),
            )
            yield self._part(part, books, [_every(invoices, number, parts) for invoices in due])

    def _part(self, part: Part, books: Books, due: list[Invoices]) -> list[str]:
        """The lines of a part of the day: its orders, its cancellations, and what the office books."""
        orders, guests = self._orders(part)
        back = (
            cancellations(part.rng, orders, share=_CANCELLED_ORDERS),
            cancellations(part.rng, guests, share=_CANCELLED_GUEST_ORDERS),
        )
        stock = self._stock(part)
        late = [replace(invoices, minute=part.clock(len(invoices.lines))) for invoices in due]
        now = [self._file(part, books, invoices) for invoices in back]
        batch = join([orders, guests, *stock, *late, *now]).by_time()
        text = batch.text(self.trading.days[part.day], books.number)
        books.number += len(batch.lines)
        books.owed -= len(text)
        return text

    def _orders(self, part: Part) -> tuple[Invoices, Invoices]:
        rng, lines = part.rng, part.lines
        guests = float(self.trading.guests[part.day])
        customer_lines = lines * (1 - guests - _CANCELLATION_LINES) - len(part.kinds)
        returning = rng.poisson(max(0.0, customer_lines) / MEAN_ORDER_LINES) - len(part.arrivals)
        who = np.concatenate([part.arrivals, self._anyone(part, max(0, returning))])
        guests_lines = lines * (guests - WRITE_OFFS - FREE)
        collected = rng.poisson(max(0.0, guests_lines) / MEAN_GUEST_LINES)
        return (
            customer_orders(rng, part.shelf, self.customers, who, part.clock(len(who))),
            guest_orders(rng, part.shelf, part.clock(collected)),
        )

    def _stock(self, part: Part) -> tuple[Invoices, Invoices, Invoices]:
        rng = part.rng
        return (
            bookings(rng, part.kinds, self.customers, part.reach, part.clock(len(part.kinds))),
            write_offs(rng, part.shelf, part.clock(rng.poisson(part.lines * WRITE_OFFS))),
            free_goods(rng, part.shelf, part.clock(rng.poisson(part.lines * FREE))),
        )

    def _anyone(self, part: Part, count: int) -> NDArray[np.int64]:
        """Customers who come back; any customer in a shop so small that none is due."""
        who = draw(part.rng, part.reach, count)
        return who if len(who) else part.rng.integers(0, len(self.customers.ids), count)

    def _file(self, part: Part, books: Books, invoices: Invoices) -> Invoices:
        """Those of the cancellations that come in at once; the rest goes to the books of the days to come."""
        rng, count = part.rng, len(invoices.lines)
        days = np.where(rng.random(count) < 0.1, 0, 1 + np.exp(rng.normal(2.1, 1.3, count))).astype(np.int64)
        for wait in np.unique(days[days > 0]).tolist():
            if part.day + wait < len(self.trading.days):
                books.pending.setdefault(part.day + wait, []).append(_these(invoices, np.flatnonzero(days == wait)))
        soon = _these(invoices, np.flatnonzero(days == 0))
        return replace(soon, minute=np.minimum(soon.minute + rng.integers(2, 90, len(soon.lines)), part.closes))

    def _shelf(self, day: int) -> Shelf:
        return Shelf(*self.catalogue.on(day, self.trading.days[day].month))

    def _hours(
        self, rng: Generator, day: int, number: int, parts: int
    ) -> tuple[Callable[[int], NDArray[np.int64]], int]:
        shares, minutes = opening_curve(self.trading.days[day].weekday())

        def clock(count: int) -> NDArray[np.int64]:
            return np.interp((number + rng.random(count)) / parts, shares, minutes).astype(np.int64)

        return clock, int(np.interp((number + 1) / parts, shares, minutes)) - 1

    def _overtime(self, books: Books) -> Part:
        """One more part at the end of the last day, when the lines are not yet complete."""
        day, rng = len(self.trading.days) - 1, default_rng([self.seed, books.number])
        nobody = np.zeros(0, dtype=np.int64)
        clock, closes = self._hours(rng, day, 999, 1000)
        return Part(day, 400.0, rng, self._shelf(day), self.customers.reach(day), nobody, nobody, clock, closes)


def open_shop(*, seed: int, lines: int, trading: Trading) -> Shop:
    """A shop whose customers and products fit its lines: ten times the lines make ten times the customers."""
    rng = default_rng([seed, 0x5409])
    orders = lines * _CUSTOMER_SHARE / MEAN_ORDER_LINES
    return Shop(
        seed=seed,
        lines=lines,
        trading=trading,
        customers=make_customers(rng, orders=orders, weights=trading.weights),
        catalogue=make_catalogue(rng, products=max(60, round(4.5 * lines**0.5)), days=len(trading.days)),
        diary=make_diary(rng, lines=lines, weights=trading.weights),
    )


def _these(invoices: Invoices, which: NDArray[np.int64]) -> Invoices:
    starts = np.cumsum(invoices.lines) - invoices.lines
    return invoices.pick(which, invoices.lines[which], spans(starts[which], invoices.lines[which]))


def _every(invoices: Invoices, first: int, step: int) -> Invoices:
    return _these(invoices, np.arange(first, len(invoices.lines), step))
