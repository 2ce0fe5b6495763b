"""``python -m tests.watch.killed STEP NUMBER ...``: the ``lgs`` command, which dies as a machine does.

It does so when a step of that name has ended so many times; of ``told``, when so many receipts were told, and the last
of them was committed.
"""

import os
import signal
import sys
from dataclasses import dataclass
from functools import partial

from bootstrap import cli
from bootstrap.progress import Progress, Step


@dataclass
class Killer(Progress):
    """Ends the process with SIGKILL."""

    last: str = ""
    number: int = 1

    def say(self, text: str) -> None:
        super().say(text)
        if text.startswith("Source "):
            self._count("told")

    def _end(self, step: Step, started: float, mark: str) -> None:
        super()._end(step, started, mark)
        self._count(step.name)

    def _count(self, name: str) -> None:
        self.number -= name == self.last
        if not self.number:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    given = {"last": sys.argv.pop(1), "number": int(sys.argv.pop(1))}
    cli.Progress = partial(Killer, **given)  # type: ignore[misc, assignment]
    cli.main()
