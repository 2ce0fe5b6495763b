"""What the demo shop sells: names, stock codes, prices, and when each product is sold."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from warehouse.demo.words import COLOURS, MOTIFS, OBJECTS, SEASONAL_MOTIFS

# fmt: off
PRICE_POINTS = np.array([
    6, 12, 19, 21, 25, 29, 36, 39, 42, 55, 65, 72, 79, 85, 125, 145, 165, 195, 210, 225, 255, 295, 345, 375, 395, 425,
    465, 495, 545, 595, 675, 695, 745, 795, 850, 895, 995, 1095, 1275, 1495, 1695, 1895, 2495, 2995, 3995, 4995, 7995,
    9995, 12500, 14500, 16500, 19500, 29500, 39500, 64950,
])
# fmt: on
MOST_PRODUCTS = 60_000
# Things that usually cost so many pence are rarely bought.
_DEAR = 1900
_SUFFIXES = np.array(["A", "B", "C", "D", "G", "L", "N", "P", "S", "W", "bl"])


def escape(text: str) -> str:
    """Text as it stands in a COPY line."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


@dataclass(frozen=True)
class Catalogue:
    """``items`` and ``cents`` have two columns: before and after a product's change at ``changed``.

    ``items`` is stock code, tab, description as COPY text; ``cents`` the list price in pence; ``changed``,
    ``launched`` and ``retired`` are trading-day numbers.
    """

    items: NDArray[np.object_]
    cents: NDArray[np.int64]
    changed: NDArray[np.int64]
    launched: NDArray[np.int64]
    retired: NDArray[np.int64]
    popularity: NDArray[np.float64]
    is_seasonal: NDArray[np.bool_]

    def on(self, day: int, month: int) -> tuple[NDArray[np.float64], NDArray[np.object_], NDArray[np.int64]]:
        """Cumulative popularity, items and prices on the trading day ``day`` in the calendar month ``month``."""
        season = np.where(self.is_seasonal, 4.0 if month >= 9 else 0.08, 1.0)
        weights = self.popularity * season * ((self.launched <= day) & (self.retired > day))
        column = (self.changed <= day).astype(np.int64)
        row = np.arange(len(column))
        return np.cumsum(weights), self.items[row, column], self.cents[row, column]


def snap_price(cents: NDArray[np.float64]) -> NDArray[np.int64]:
    """The nearest price a shop would print, by ratio."""
    points = PRICE_POINTS.astype(np.float64)
    return PRICE_POINTS[np.searchsorted(np.sqrt(points[1:] * points[:-1]), cents)]


def make_catalogue(rng: Generator, *, products: int, days: int) -> Catalogue:
    """``products`` products over ``days`` trading days; about six in ten are there from the first day."""
    count = min(products, MOST_PRODUCTS)
    names, usual, is_seasonal = _names(rng, count)
    prices = snap_price(usual * np.exp(rng.normal(-0.05, 0.5, count)))
    later = snap_price(prices * rng.choice([1.0, 1.12, 0.88], count, p=[0.6, 0.25, 0.15]))
    launched = np.where(rng.random(count) < 0.6, 0, rng.integers(0, max(1, days), count))
    launched[: max(1, count // 10)] = 0
    life = np.where(rng.random(count) < 0.55, 10 * days + 1, rng.exponential(350, count)).astype(np.int64) + 40
    life[: max(1, count // 10)] = 10 * days + 1
    return Catalogue(
        items=_items(rng, names),
        cents=np.column_stack([prices, later]),
        changed=rng.integers(0, 2 * days + 1, count),
        launched=launched.astype(np.int64),
        retired=launched + life,
        popularity=np.exp(rng.normal(0, 1.1, count)) * (prices / 200.0) ** -0.25 * np.where(usual < _DEAR, 1.0, 0.02),
        is_seasonal=is_seasonal & (np.arange(count) >= max(1, count // 10)),
    )


def _names(rng: Generator, count: int) -> tuple[list[str], NDArray[np.float64], NDArray[np.bool_]]:
    """Names, their usual prices in pence, and whether they belong to Christmas."""
    things, usual = tuple(OBJECTS), np.array(list(OBJECTS.values()), dtype=np.float64)
    motifs = (*SEASONAL_MOTIFS, *MOTIFS)
    picks = rng.choice(len(COLOURS) * len(motifs) * len(OBJECTS), count, replace=False)
    rest, thing = np.divmod(picks, len(OBJECTS))
    colour, motif = np.divmod(rest, len(motifs))
    names = [f"{COLOURS[c]} {motifs[m]} {things[t]}".lstrip() for c, m, t in zip(colour, motif, thing, strict=True)]
    return names, usual[thing], motif < len(SEASONAL_MOTIFS)


def _items(rng: Generator, names: list[str]) -> NDArray[np.object_]:
    """Codes are five digits and sometimes a letter. Many names end in a blank, few begin with one."""
    count = len(names)
    numbers = rng.choice(80_000, count, replace=False) + 15_000
    suffixes = np.where(rng.random(count) < 0.12, rng.choice(_SUFFIXES, count), "")
    untidy = rng.choice(["{}", "{} ", " {}", "{}\\BOXED"], count, p=[0.8155, 0.18, 0.003, 0.0015])
    renamed = rng.choice(["{}", "{} ", "VINTAGE {}"], count, p=[0.87, 0.07, 0.06])
    items = np.empty((count, 2), dtype=np.object_)
    for row, (name, number, suffix, first, second) in enumerate(
        zip(names, numbers, suffixes, untidy, renamed, strict=True)
    ):
        before = first.format(name)
        items[row, 0] = f"{number}{suffix}\t{escape(before)}"
        items[row, 1] = f"{number}{suffix}\t{escape(second.format(before))}"
    return items
