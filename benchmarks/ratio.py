"""A ratio of two times, its bound, and a table of such ratios."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Ratio:
    """``seconds`` of what is measured over ``base_seconds`` of what it is measured against; ``bound`` is the most.

    With ``above``, the bound is the least. ``why`` explains a miss or a way of measuring.
    """

    measured: str
    against: str
    seconds: float
    base_seconds: float
    bound: float
    above: bool = False
    why: str = ""

    @property
    def value(self) -> float:
        return self.base_seconds / self.seconds if self.above else self.seconds / self.base_seconds

    @property
    def holds(self) -> bool:
        return self.value >= self.bound if self.above else self.value <= self.bound

    def cells(self) -> tuple[str, ...]:
        bound = f"{'≥' if self.above else '≤'} {self.bound:g}"
        result = "pass" if self.holds else "MISS"
        return (
            self.measured,
            _spell(self.seconds),
            self.against,
            _spell(self.base_seconds),
            f"{self.value:.2f}",
            bound,
            result,
        )


def _spell(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def show(title: str, ratios: Sequence[Ratio], console: Console) -> None:
    """The table, as Markdown, so that it can be quoted."""
    heads = ("what", "time", "against", "time", "ratio", "bound", "result")
    table = Table(*heads, title=title, title_justify="left", box=box.MARKDOWN)
    for ratio in ratios:
        table.add_row(*ratio.cells())
    console.print(table)
    for why in dict.fromkeys(ratio.why for ratio in ratios if ratio.why):
        console.print(f"- {why}", markup=False)


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def fastest(rounds: int, works: Sequence[Callable[[], object]]) -> list[float]:
    """The least time of each over so many rounds, in which all take turns: other load hits them alike."""
    times = [[seconds(work) for work in works] for _ in range(rounds)]
    return [min(column) for column in zip(*times, strict=True)]
