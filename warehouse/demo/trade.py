"""The demo shop's trade: a stream of lines, each day a function of the seed and of what the days before left."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from warehouse.demo.shop import COUNTRIES, FACTS, Customers, Numbers, Reals, Shelf, Shop, Texts, draw, snap

_FIRST_INVOICE = 100_001
_PART_LINES = 20_000  # a day is made in parts of about so many lines, so that memory does not follow the day's size
_SETTLING_DAYS = 20  # lines that a day wrote too many or too few are made up for over so many days
_GUEST = f"\\N\t{FACTS.home}"
_TIMES = np.array([f" {minute // 60:02}:{minute % 60:02}:00" for minute in range(24 * 60)], dtype=np.object_)
_ISLANDS = [COUNTRIES.index(name) for name in FACTS.carriage_countries]

Kind = TypeVar("Kind", bound=np.generic)


class Lines(NamedTuple):
    """Lines as columns, those of one invoice in a row: ``first`` is true on its first line.

    ``letter`` of the invoice's number is C, A or none; ``item`` is stock code, tab, description; ``party`` customer id,
    tab, country; ``minute`` since midnight.
    """

    first: NDArray[np.bool_]
    minute: Numbers
    letter: Texts
    party: Texts
    item: Texts
    units: Numbers
    cents: Numbers

    @property
    def invoices(self) -> int:
        return int(self.first.sum())

    def each(self, values: NDArray[Kind]) -> NDArray[Kind]:
        """Values of invoices, given to each of their lines."""
        given: NDArray[Kind] = values[np.cumsum(self.first) - 1]
        return given

    def pick(self, which: NDArray[np.bool_] | Numbers) -> "Lines":
        return Lines._make(column[which] for column in self)

    def text(self, day: date, number: int) -> list[str]:
        """COPY text without line ends. Invoices are numbered from ``number`` on, in their order."""
        numbers = np.cumsum(self.first) - 1 + number
        parts = (self.letter, numbers, self.item, self.units, _TIMES[self.minute], self.cents / 100, self.party)
        return [
            f"{letter}{number}\t{item}\t{units}\t{day}{time}\t{price:.10g}\t{party}"
            for letter, number, item, units, time, price, party in zip(*(part.tolist() for part in parts), strict=True)
        ]


def _invoices(sizes: Numbers, *, minute: Numbers, party: Texts, item: Texts, units: Numbers, cents: Numbers) -> Lines:
    """Lines of invoices with ``sizes`` lines each; ``minute`` and ``party`` have an entry per invoice."""
    letter = np.full(len(units), "", dtype=np.object_)
    return Lines(_first(sizes), np.repeat(minute, sizes), letter, np.repeat(party, sizes), item, units, cents)


def _first(sizes: Numbers) -> NDArray[np.bool_]:
    first = np.zeros(int(sizes.sum()), dtype=np.bool_)
    first[np.cumsum(sizes) - sizes] = True
    return first


class Part(NamedTuple):
    """One of ``parts`` equal parts of a trading day, with the ``lines`` expected in it."""

    rng: Generator
    day: int
    weekday: int
    number: int
    parts: int
    lines: float
    shelf: Shelf
    reach: Reals
    arrivals: Numbers
    bookings: Numbers

    def minutes(self, shares: Reals) -> Numbers:
        """The minutes at which such shares of this part's invoices have been written."""
        hours = FACTS.hours[self.weekday]
        written = np.concatenate([[0.0], np.cumsum(hours["weights"])])
        ends = np.arange(hours["first"], hours["first"] + len(written)) * 60.0
        return np.interp((self.number + shares) / self.parts, written / written[-1], ends).astype(np.int64)

    def clock(self, count: int) -> Numbers:
        """So many minutes, drawn within this part's hours."""
        return self.minutes(self.rng.random(count))


@dataclass
class Books:
    """What one day hands to the next: the next invoice number, lines owed, cancellations to come by trading day."""

    number: int = _FIRST_INVOICE
    owed: float = 0.0
    pending: dict[int, list[Lines]] = field(default_factory=dict)


def batches(shop: Shop) -> Iterator[list[str]]:
    """Batches of lines in order of time, without end: the last day goes on until nobody asks for more."""
    books, before, copied = Books(), Books(), shop.trading.copied
    for day in range(len(shop.trading.days)):
        if copied and day == copied.start:
            before = deepcopy(books)
        if copied and day == copied.stop:
            owed_by_copy = books.owed - before.owed
            for again in copied:
                yield from _day(shop, again, before)
            books.owed += owed_by_copy
        yield from _day(shop, day, books)
    nobody = np.zeros(0, dtype=np.int64)
    while True:  # one more part at the end of the last day
        rng = default_rng([shop.seed, books.number])
        part = _part(shop, len(shop.trading.days) - 1, rng, lines=400.0, parts=1000)
        yield _write(shop, part._replace(number=999, arrivals=nobody, bookings=nobody), books, [])


def _day(shop: Shop, day: int, books: Books) -> Iterator[list[str]]:
    days_left = len(shop.trading.days) - day
    planned = shop.lines * float(shop.trading.weights[day])
    expected = max(0.0, planned + books.owed / min(_SETTLING_DAYS, days_left))
    if days_left == 1:
        expected += 3 * (60 * expected) ** 0.5
    books.owed += planned
    due = books.pending.pop(day, [])
    parts = max(1, round(expected / _PART_LINES))
    whole = _part(shop, day, default_rng(0), lines=expected / parts, parts=parts)
    for number, arrivals in enumerate(np.array_split(whole.arrivals, parts)):
        rng, bookings = default_rng([shop.seed, day, number]), whole.bookings[number::parts]
        part = whole._replace(rng=rng, number=number, arrivals=arrivals, bookings=bookings)
        here = [lines.pick(lines.each(np.arange(lines.invoices) % parts == number)) for lines in due]
        yield _write(shop, part, books, here)


def _part(shop: Shop, day: int, rng: Generator, *, lines: float, parts: int) -> Part:
    """The first part, with all that the day brings."""
    when, who = shop.trading.days[day], shop.customers
    shelf, bookings = shop.catalogue.on(day, when.month), shop.booked(day)
    return Part(rng, day, when.weekday(), 0, parts, lines, shelf, who.reach(day), who.arrivals(day), bookings)


def _write(shop: Shop, part: Part, books: Books, due: list[Lines]) -> list[str]:
    """The lines of a part of the day: its orders, its cancellations, and what the office books."""
    orders, guests = _orders(shop, part)
    shares = (orders, FACTS.cancelled_orders), (guests, FACTS.cancelled_guest_orders)
    back = [_cancellations(part.rng, lines, share=share) for lines, share in shares]
    stock = _bookings(shop.customers, part), _write_offs(part), _free_goods(part)
    late = [lines._replace(minute=lines.each(part.clock(lines.invoices))) for lines in due]
    now = [_file(part, books, lines, days=len(shop.trading.days)) for lines in back]
    columns = zip(orders, guests, *stock, *late, *now, strict=True)
    batch = Lines._make(map(np.concatenate, columns))
    text = batch.pick(np.argsort(batch.minute, kind="stable")).text(shop.trading.days[part.day], books.number)
    books.number += batch.invoices
    books.owed -= len(text)
    return text


def _file(part: Part, books: Books, cancelled: Lines, *, days: int) -> Lines:
    """Those of the cancellations that come in at once; the rest goes to the books of the days to come."""
    rng, count, closes = part.rng, cancelled.invoices, int(part.minutes(np.ones(1))[0]) - 1
    waits = np.where(rng.random(count) < 0.1, 0, 1 + np.exp(rng.normal(2.1, 1.3, count))).astype(np.int64)
    for wait in np.unique(waits[waits > 0]).tolist():
        if part.day + wait < days:
            later = cancelled.pick(cancelled.each(waits == wait))
            books.pending.setdefault(part.day + wait, []).append(later)
    soon = cancelled.pick(cancelled.each(waits == 0))
    minute = soon.minute + soon.each(rng.integers(2, 90, soon.invoices))
    return soon._replace(minute=np.minimum(minute, closes))


def _orders(shop: Shop, part: Part) -> tuple[Lines, Lines]:
    rng, lines, shares, mean = part.rng, part.lines, FACTS.line_shares, FACTS.mean_lines
    guests = float(shop.trading.guests[part.day])
    customer_lines = lines * (1 - guests - shares["cancellations"]) - len(part.bookings)
    count = max(0, rng.poisson(max(0.0, customer_lines) / mean["customer"]) - len(part.arrivals))
    returning = draw(rng, part.reach, count)
    if not len(returning):  # in a shop so small that nobody is due, anybody may come
        returning = rng.integers(0, len(shop.customers.ids), count)
    who = np.concatenate([part.arrivals, returning])
    guests_lines = lines * (guests - shares["write_offs"] - shares["free_goods"])
    collected = rng.poisson(max(0.0, guests_lines) / mean["guests"])
    return _customer_orders(shop.customers, part, who), _guest_orders(part, collected)


def _customer_orders(customers: Customers, part: Part, who: Numbers) -> Lines:
    """One order per entry of ``who``, a number into ``customers``."""
    rng, shelf, minute = part.rng, part.shelf, part.clock(len(who))
    size = np.exp(2.73 + customers.lines[who] + rng.normal(0, 0.68, len(who)))
    sizes = np.where(rng.random(len(who)) < 0.03, 1, np.maximum(1, size)).astype(np.int64)
    product = draw(rng, shelf.reach, int(sizes.sum()))
    cents = shelf.cents[product]
    units = _units(rng, cents, 1.72 + np.repeat(customers.units[who], sizes), 0.85, slope=-0.55)
    by_the_box = (units >= 24) & (rng.random(len(units)) < 0.5)
    cents = np.where(by_the_box, snap(cents * 0.84, FACTS.prices), cents)
    cents[rng.random(len(cents)) < 7e-5] = 0
    party = _parties(rng, customers, who)
    orders = _invoices(sizes, minute=minute, party=party, item=shelf.items[product], units=units, cents=cents)
    _repeat_some(rng, orders)
    _carry(rng, orders, customers.country[who], sizes)
    return orders


def _guest_orders(part: Part, count: int) -> Lines:
    """Orders without a customer: small ones, and the web shop's, collected into one long invoice with its postage."""
    rng, shelf, minute = part.rng, part.shelf, part.clock(count)
    is_web = rng.random(count) < FACTS.web_orders
    size = np.exp(rng.normal(np.where(is_web, 4.6, 1.1), np.where(is_web, 0.85, 1.3)))
    sizes = np.clip(size, 1, 1350).astype(np.int64) + is_web
    product = draw(rng, shelf.reach, int(sizes.sum()))
    units = _units(rng, shelf.cents[product], 0.1, 1.0, slope=-0.25)
    dearer = rng.choice([1.96, 1.68], len(product), p=[0.75, 0.25])
    cents = np.maximum(1, np.round(shelf.cents[product] * dearer)).astype(np.int64)
    party = np.full(count, _GUEST, dtype=np.object_)
    party[rng.random(count) < 0.02] = f"\\N\t{rng.choice(FACTS.guests_abroad)}"
    orders = _invoices(sizes, minute=minute, party=party, item=shelf.items[product], units=units, cents=cents)
    _repeat_some(rng, orders)
    _vouch(rng, orders)
    last = (np.cumsum(sizes) - 1)[is_web]
    orders.item[last], orders.units[last] = "DOT\tDOTCOM POSTAGE", 1
    orders.cents[last] = np.round(100 * np.exp(rng.normal(np.log(1.4 * sizes[is_web]), 0.5)))
    return orders


def _cancellations(rng: Generator, orders: Lines, *, share: float) -> Lines:
    """Cancel part of ``share`` of the orders: some of the lines, all or some of the units, at the same price."""
    starts = np.flatnonzero(orders.first)
    which = np.flatnonzero(rng.random(len(starts)) < share)
    sizes = np.diff(np.append(starts, len(orders.first)))[which]
    kept = np.minimum(sizes, rng.geometric(0.42, len(which)))
    starts = starts[which] + np.floor(rng.random(len(which)) * (sizes - kept + 1)).astype(np.int64)
    back = orders.pick(np.repeat(starts - np.cumsum(kept) + kept, kept) + np.arange(kept.sum()))
    part = np.where(rng.random(len(back.units)) < 0.33, 1.0, rng.random(len(back.units)))
    units = -np.maximum(1, np.ceil(back.units * part)).astype(np.int64)
    return back._replace(first=_first(kept), letter=np.full(len(units), "C", dtype=np.object_), units=units)


def _units(rng: Generator, cents: Numbers, middle: float | Reals, spread: float, *, slope: float) -> Numbers:
    """Units in the sizes that things are packed in: fewer of what is dear (``slope``), heavy-tailed."""
    noise = rng.normal(0, spread, len(cents)) + (rng.random(len(cents)) < 0.003) * rng.exponential(1.0, len(cents))
    return snap(np.exp(middle + slope * np.log(cents / 195.0) + noise), FACTS.packs)


def _parties(rng: Generator, customers: Customers, who: Numbers) -> Texts:
    """Id and country; one customer in 400 has a second country."""
    ids, country = customers.ids[who], customers.country[who].astype(np.int64)
    moves = (ids % 400 == 0) & (rng.random(len(who)) < 0.5)
    country = np.where(moves, (country + 5) % len(COUNTRIES), country)
    texts = [f"{number}\t{COUNTRIES[place]}" for number, place in zip(ids.tolist(), country.tolist(), strict=True)]
    return np.array(texts, dtype=np.object_)


def _repeat_some(rng: Generator, orders: Lines) -> None:
    """Make a few lines exact repeats of the one before them in their invoice."""
    places = np.flatnonzero((rng.random(len(orders.units)) < 0.004) & ~orders.first)
    for column in (orders.item, orders.units, orders.cents):
        column[places] = column[places - 1]


def _vouch(rng: Generator, orders: Lines) -> None:
    """Make a few lines vouchers."""
    places = np.flatnonzero(rng.random(len(orders.units)) < 4e-4)
    kinds = rng.integers(0, len(FACTS.vouchers), len(places))
    pounds = np.array(FACTS.vouchers)[kinds]
    orders.item[places] = [f"gift_0001_{one}\tGift voucher for {one} pounds" for one in pounds]
    orders.units[places], orders.cents[places] = 1, np.round(pounds * 100 / 1.2)


def _carry(rng: Generator, orders: Lines, country: NDArray[np.int16], sizes: Numbers) -> None:
    """Let many orders from abroad end in a line of postage, or of carriage to the islands."""
    places = np.flatnonzero((country > 0) & (sizes > 1) & (rng.random(len(country)) < 0.75))
    last, by_sea = (np.cumsum(sizes) - 1)[places], np.isin(country[places], _ISLANDS)
    orders.item[last] = np.where(by_sea, "C2\tCARRIAGE", "POST\tPOSTAGE")
    orders.units[last] = np.where(by_sea, 1, 1 + rng.poisson(1.2, len(places)))
    postage = rng.choice([1500, 1800, 2800, 4000], len(places), p=[0.2, 0.6, 0.15, 0.05])
    orders.cents[last] = np.where(by_sea, 5000, postage)


def _bookings(customers: Customers, part: Part) -> Lines:
    """What the office books, each alone on an invoice: fees, and adjustments of bad debt."""
    rng, count = part.rng, len(part.bookings)
    minute, who = part.clock(count), draw(rng, part.reach, count)
    rows = []
    for place, kind in enumerate(part.bookings.tolist()):
        if kind < 0:
            rows.append(("A", _GUEST, "B\tAdjust bad debt", 1, -round(100 * float(np.exp(rng.normal(9, 0.4))))))
            continue
        booking = FACTS.bookings[kind]
        pence = max(1, round(100 * booking["price"] * float(np.exp(rng.normal(0, booking["spread"])))))
        letter, one = ("C", -1) if rng.random() < booking["cancelled"] else ("", 1)
        is_known = rng.random() >= booking["guests"] and len(who)
        party = f"{customers.ids[who[place]]}\t{COUNTRIES[customers.country[who[place]]]}" if is_known else _GUEST
        rows.append((letter, party, f"{booking['code']}\t{booking['description']}", one, pence))
    letters, parties, items, units, cents = np.array(rows, dtype=np.object_).reshape(-1, 5).T
    whole, each = (column.astype(np.int64) for column in (units, cents)), np.ones(count, dtype=np.bool_)
    return Lines(each, minute, letters, parties, items, *whole)


def _write_offs(part: Part) -> Lines:
    """Stock that left without a sale: negative units and no letter."""
    minute = part.clock(part.rng.poisson(part.lines * FACTS.line_shares["write_offs"]))
    size = np.clip(np.exp(part.rng.normal(3.2, 1.75, len(minute))), 1, 9600)
    return _stock_moves(part, minute, units=-size.astype(np.int64), notes=FACTS.write_off_notes, blank=0.77)


def _free_goods(part: Part) -> Lines:
    """Stock that was found, or given away."""
    rng = part.rng
    minute = part.clock(rng.poisson(part.lines * FACTS.line_shares["free_goods"]))
    size = np.where(rng.random(len(minute)) < 0.4, 1, np.exp(rng.normal(2.2, 1.9, len(minute))))
    units = np.clip(size, 1, 12_540).astype(np.int64)
    return _stock_moves(part, minute, units=units, notes=FACTS.free_notes, blank=0.62)


def _stock_moves(part: Part, minute: Numbers, *, units: Numbers, notes: list[str], blank: float) -> Lines:
    """One invoice of one line each, without a price; often without a description, or with a note in its place."""
    count = len(minute)
    items = part.shelf.items[draw(part.rng, part.shelf.reach, count)]
    for place, chance in enumerate(part.rng.random(count)):
        code, _, _ = items[place].partition("\t")
        if chance < blank:
            items[place] = f"{code}\t\\N"
        elif chance < blank + 0.75 * (1 - blank):
            items[place] = f"{code}\t{notes[int(chance * 1e6) % len(notes)]}"
    ones, party = np.ones(count, dtype=np.int64), np.full(count, _GUEST, dtype=np.object_)
    return _invoices(ones, minute=minute, party=party, item=items, units=units, cents=0 * ones)
