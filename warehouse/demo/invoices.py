"""A batch of invoices as columns, and its text in the format of the dump."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

_TABLE = 100_000


def price_text(cents: int) -> str:
    """Pounds as PostgreSQL prints a ``real``: no trailing zeros."""
    pounds, pence = divmod(abs(cents), 100)
    tail = f".{pence:02}".rstrip("0") if pence else ""
    return f"{'-' if cents < 0 else ''}{pounds}{tail}"


_PRICE_TEXTS = np.array([price_text(cents) for cents in range(_TABLE)], dtype=np.object_)


@dataclass(frozen=True)
class Invoices:
    """Per invoice: ``minute`` of the day, ``lines``, ``letter`` (``C``, ``A``, none) and ``party`` (id, tab, country).

    Per line, in the order of the invoices: ``item`` (stock code, tab, description), ``units``, ``cents``.
    """

    minute: NDArray[np.int64]
    lines: NDArray[np.int64]
    letter: NDArray[np.object_]
    party: NDArray[np.object_]
    item: NDArray[np.object_]
    units: NDArray[np.int64]
    cents: NDArray[np.int64]

    def pick(
        self, invoices: NDArray[np.int64], lines: NDArray[np.int64], line_numbers: NDArray[np.int64]
    ) -> "Invoices":
        """The given invoices with the given lines, ``lines`` of them per invoice."""
        return Invoices(
            self.minute[invoices],
            lines,
            self.letter[invoices],
            self.party[invoices],
            self.item[line_numbers],
            self.units[line_numbers],
            self.cents[line_numbers],
        )

    def by_time(self) -> "Invoices":
        order = np.argsort(self.minute, kind="stable")
        starts = np.cumsum(self.lines) - self.lines
        return self.pick(order, self.lines[order], spans(starts[order], self.lines[order]))

    def text(self, day: date, first_number: int) -> list[str]:
        """The lines as COPY text without line ends. Invoices are numbered from ``first_number`` in their order."""
        numbers = range(first_number, first_number + len(self.lines))
        heads = [f"{letter}{number}" for letter, number in zip(self.letter, numbers, strict=True)]
        times = [f"{day} {minute // 60:02}:{minute % 60:02}:00" for minute in self.minute.tolist()]
        columns = (
            self._each(heads),
            self.item.tolist(),
            map(str, self.units.tolist()),
            self._each(times),
            _prices(self.cents),
            self._each(self.party),
        )
        return ["\t".join(line) for line in zip(*columns, strict=True)]

    def _each(self, values: Sequence[str] | NDArray[np.object_]) -> list[str]:
        repeated: list[str] = np.repeat(np.asarray(values, dtype=np.object_), self.lines).tolist()
        return repeated


def constant(value: str, count: int) -> NDArray[np.object_]:
    """``count`` times ``value``."""
    return np.full(count, value, dtype=np.object_)


def spans(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """``starts[0]``, ``starts[0] + 1``, ... for ``lengths[0]`` numbers, then the same from ``starts[1]``, and so on."""
    ends = np.cumsum(lengths)
    within: NDArray[np.int64] = np.arange(ends[-1] if len(ends) else 0)
    within += np.repeat(starts - (ends - lengths), lengths)
    return within


def join(parts: Sequence[Invoices]) -> Invoices:
    """One batch of several, in their order."""
    names = ("minute", "lines", "letter", "party", "item", "units", "cents")
    return Invoices(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _prices(cents: NDArray[np.int64]) -> list[str]:
    usual = (cents >= 0) & (cents < _TABLE)
    texts = _PRICE_TEXTS[np.where(usual, cents, 0)]
    for place in np.flatnonzero(~usual):
        texts[place] = price_text(int(cents[place]))
    prices: list[str] = texts.tolist()
    return prices
