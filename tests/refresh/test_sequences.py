"""Whatever is added, corrected, cancelled, taken away and rolled back, in whatever order: the mart follows exactly."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bootstrap.errors import UsageError
from bootstrap.refresh import refresh, rollback
from bootstrap.semantic.build import build
from bootstrap.semantic.spec import Layer
from tests.conftest import fresh_database
from tests.content import content_hashes
from tests.refresh.shop import quiet

SEQUENCES, STEPS, KEPT = 10, 20, 3
HEAD = "invoice_no,stock_code,description,quantity,invoice_date,unit_price,customer_id,country\n"
CODES = {"1001": "TEA CUP", "1002": "CAKE TIN", "1003": "LANTERN", "POST": "POSTAGE"}
Line = tuple[str, ...]
Invoices = dict[str, list[Line]]

days = st.tuples(st.sampled_from(["2010-11", "2010-12", "2011-01", "2011-02", "2011-06"]), st.integers(1, 28))
people = st.sampled_from(["", "101", "102", "103", "104", "105"])
countries = st.sampled_from(["United Kingdom", "United Kingdom", "France", "EIRE"])
goods = st.lists(
    st.tuples(st.sampled_from([*CODES]), st.integers(1, 30), st.sampled_from(["0", "0.85", "2.5", "12.25"])),
    min_size=1,
    max_size=4,
)


def text(invoices: Invoices) -> str:
    return HEAD + "".join(",".join(line) + "\n" for lines in invoices.values() for line in lines)


class Shop(RuleBasedStateMachine):
    """A shop and what its file of everything would have; ``before`` is what a rollback brings back."""

    server: str
    layer: Layer

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.database = self.stack.enter_context(fresh_database(self.server))
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.invoices: Invoices = {}
        self.before: Invoices | None = None
        self.left: dict[int, Invoices] = {}
        self.number = 500000

    def teardown(self) -> None:
        self.stack.close()

    def load(self, invoices: Invoices, *, append: bool) -> None:
        path = self.folder / "file.csv"
        path.write_text(text(invoices))
        options = {"append": append, "allow_loss": True, "max_rejects": 0, "keep": KEPT, "progress": quiet()}
        wanted = {**self.invoices, **invoices} if append else invoices
        done = refresh(self.database.owner_url, self.layer, source=path, **options)
        if done.changed:
            self.before = self.invoices
        self.invoices = wanted
        if done.receipt.days_changed and done.receipt.receipt_id:
            self.left[done.receipt.receipt_id] = wanted

    def lines(self, invoice: str, day: tuple[str, int], person: str, country: str, bought: list[Line]) -> list[Line]:
        at = f"{day[0]}-{day[1]:02} 10:{len(invoice):02}:00"
        return [
            (invoice, code, CODES[code], str(-quantity if invoice[0] == "C" else quantity), at, price, person, country)
            for code, quantity, price in bought
        ]

    @initialize(day=days, bought=goods)
    def open(self, day: tuple[str, int], bought: list[Line]) -> None:
        self.load({"500000": self.lines("500000", day, "101", "France", bought)}, append=False)

    @rule(day=days, person=people, country=countries, bought=goods)
    def sell(self, day: tuple[str, int], person: str, country: str, bought: list[Line]) -> None:
        self.number += 1
        invoice = str(self.number)
        self.load({invoice: self.lines(invoice, day, person, country, bought)}, append=True)

    @rule(which=st.randoms(use_true_random=False), day=days, person=people, bought=goods)
    def correct(self, which: object, day: tuple[str, int], person: str, bought: list[Line]) -> None:
        invoice = which.choice(sorted(self.invoices))  # type: ignore[attr-defined]
        self.load({invoice: self.lines(invoice, day, person, "United Kingdom", bought)}, append=True)

    @rule(which=st.randoms(use_true_random=False))
    def cancel_whole(self, which: object) -> None:
        """The customer gives everything back on the day after, at the latest."""
        invoice = which.choice(sorted(self.invoices))  # type: ignore[attr-defined]
        lines = [
            (
                f"C{line[0].lstrip('C')}",
                *line[1:3],
                f"-{line[3].lstrip('-')}",
                line[4].replace(" 10:", " 18:"),
                *line[5:],
            )
            for line in self.invoices[invoice]
        ]
        self.load({lines[0][0]: lines}, append=True)

    @rule(name=st.sampled_from(["CUP OF TEA", "TEA CUP", "MUG"]), day=days)
    def rename(self, name: str, day: tuple[str, int]) -> None:
        self.number += 1
        invoice, at = str(self.number), f"{day[0]}-{day[1]:02} 11:00:00"
        self.load({invoice: [(invoice, "1001", name, "1", at, "2.5", "102", "France")] * 3}, append=True)

    @precondition(lambda self: len(self.invoices) > 2)
    @rule(which=st.randoms(use_true_random=False))
    def take_away(self, which: object) -> None:
        gone = which.choice(sorted(self.invoices))  # type: ignore[attr-defined]
        self.load({invoice: lines for invoice, lines in self.invoices.items() if invoice != gone}, append=False)

    @rule()
    def again(self) -> None:
        self.load(self.invoices, append=False)

    @rule()
    def roll_back(self) -> None:
        try:
            done = rollback(self.database.owner_url, self.layer, keep=KEPT, progress=quiet())
        except UsageError:
            assert self.before is None or not self.before
            return
        self.invoices, self.before = self.before or {}, self.invoices
        if done.receipt.receipt_id:
            self.left[done.receipt.receipt_id] = self.invoices

    @rule(steps=st.integers(1, 4))
    def roll_back_to(self, steps: int) -> None:
        """To what any of the newest receipts that changed lines left."""
        known = list(self.left)
        if len(known) <= steps:
            return
        target = known[-1 - steps]
        try:
            done = rollback(self.database.owner_url, self.layer, to=target, keep=KEPT, progress=quiet())
        except UsageError:
            assert steps > KEPT
            return
        self.before, self.invoices = self.invoices, self.left[target]
        if done.receipt.receipt_id:
            self.left[done.receipt.receipt_id] = self.invoices

    @invariant()
    def whole_is_the_same(self) -> None:
        """Computing everything afresh changes nothing; and the lines are those of the file of everything."""
        with self.database.connect() as connection, connection.cursor() as cursor:
            cursor.execute("select to_regclass('mart.kpi') is not null")
            if cursor.fetchone() != (True,):
                return
            incremental = content_hashes(cursor, self.layer)
            cursor.execute("select count(*), sum(amount) from warehouse.line")
            lines, _ = cursor.fetchone() or (0, 0)
            assert lines == sum(map(len, self.invoices.values()))
            build(cursor, self.layer, changes=None, progress=quiet())
            assert content_hashes(cursor, self.layer) == incremental
            connection.rollback()


@pytest.mark.timeout(1200)
def test_sequences_of_changes_end_where_computing_everything_ends(server_url: str, layer: Layer) -> None:
    made: Callable[[], Shop] = type("Made", (Shop,), {"server": server_url, "layer": layer})
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    options = settings(max_examples=SEQUENCES, stateful_step_count=STEPS, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(made, settings=options)
