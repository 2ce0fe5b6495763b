"""``python -m tests.killed STEP ...``: the ``lgs`` command, which dies, as a machine does, when the named step ends."""

import os
import signal
import sys
from dataclasses import dataclass
from functools import partial

from bootstrap import cli
from bootstrap.progress import Progress, Step


@dataclass
class Killer(Progress):
    """Ends the process with SIGKILL when the step of the name ``last`` ends."""

    last: str = ""

    def _end(self, step: Step, started: float, mark: str) -> None:
        super()._end(step, started, mark)
        if step.name == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    cli.Progress = partial(Killer, last=sys.argv.pop(1))  # type: ignore[misc, assignment]
    cli.main()
