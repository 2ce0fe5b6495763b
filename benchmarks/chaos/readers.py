"""Readers of dashboards under load: one statement over several relations again and again, and what each answer was."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal

import psycopg2

Answer = tuple[Decimal, ...]
ASKED = (
    "select (select sum(sales) from mart.monthly_metrics), (select sum(sales) from mart.customer_month), "
    "(select sum(sales) from mart.product_month), (select sum(goods_sold) from mart.sales_month), "
    "(select count(*) from mart.invoice_amount)"
)
_PAUSE = 0.01


@dataclass(frozen=True)
class Read:
    """One answer: how many seconds it took; the generation it was of, or what went wrong."""

    seconds: float
    what: str
    is_error: bool = False


class Asking(ABC):
    """Asks in the background from ``start`` to ``end``."""

    def start(self) -> None:
        self.seen: list[Read] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def end(self) -> list[Read]:
        self._is_over.set()
        self._thread.join()
        return self.seen

    @abstractmethod
    def _ask(self) -> None:
        """Add each answer to ``seen``, until it is over."""


@dataclass
class Readers(Asking):
    """Asks the database. ``known`` names the answers that there may be, such as ``old`` and ``new``."""

    url: str
    known: Mapping[Answer, str]

    def _ask(self) -> None:
        while not self._is_over.is_set():
            started = time.perf_counter()
            try:
                with closing(psycopg2.connect(self.url, connect_timeout=5)) as connection:
                    self._ask_on(connection)
            except psycopg2.Error as error:
                first = str(error).strip().partition("\n")[0]
                self.seen.append(Read(time.perf_counter() - started, first, is_error=True))
                time.sleep(_PAUSE)

    def _ask_on(self, connection: "psycopg2.extensions.connection") -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            while not self._is_over.is_set():
                started = time.perf_counter()
                cursor.execute(ASKED)
                what = self.known.get(tuple(cursor.fetchone() or ()), "a mix")
                self.seen.append(Read(time.perf_counter() - started, what))
                time.sleep(_PAUSE)


def answer(url: str) -> Answer:
    """What readers are answered now."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(ASKED)
        return tuple(cursor.fetchone() or ())


def told(seen: list[Read]) -> str:
    """The answers in their order, each once in a row: ``old, down, old``."""
    words = ["down" if one.is_error else one.what for one in seen]
    return ", ".join(word for word, before in zip(words, ["", *words], strict=False) if word != before)


def worst(seen: list[Read]) -> float:
    """The seconds of the slowest answer."""
    return max((one.seconds for one in seen if not one.is_error), default=0.0)
