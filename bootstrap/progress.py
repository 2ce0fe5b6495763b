"""One line per step, with rows and seconds: a spinner on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console


@dataclass
class Step:
    """One step of a command. ``rows`` is how many rows it handled, ``note`` what else there is to say."""

    name: str
    rows: int | None = None
    note: str = ""
    seconds: float = 0.0
    is_done: bool = False

    def line(self) -> str:
        rows = "" if self.rows is None else f"{self.rows:,} rows"
        parts = [part for part in (rows, self.note) if part]
        return f"{self.name:<26} {', '.join(parts):<48} {self.seconds:6.1f} s"


@dataclass
class Progress:
    """Collects the steps of one command and shows each as it ends."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        step, started, mark = Step(name), time.monotonic(), "✗"
        try:
            if self.console.is_terminal:
                with self.console.status(f"{name} ..."):
                    yield step
            else:
                yield step
            step.is_done, mark = True, "✓"
        finally:
            self._end(step, started, mark)

    def say(self, text: str) -> None:
        self.console.print(text, markup=False)

    def _end(self, step: Step, started: float, mark: str) -> None:
        step.seconds = time.monotonic() - started
        self.steps.append(step)
        self.say(f"{mark} {step.line()}".rstrip())
