"""The ``lgs`` command, which dies, as a machine does, when the step named in the first argument ends."""

import os
import signal
import sys

from bootstrap import cli
from bootstrap.progress import Progress, Step

LAST = sys.argv.pop(1)


class Killer(Progress):
    def _end(self, step: Step, started: float, mark: str) -> None:
        super()._end(step, started, mark)
        if step.name == LAST:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    cli.Progress = Killer  # type: ignore[misc]
    cli.main()
