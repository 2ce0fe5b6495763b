"""A refresh or a rollback that dies, as a machine does, when the step named in its arguments ends.

Arguments: the owner's URL, that step, and the source; a rollback has none.
"""

import os
import signal
import sys
from pathlib import Path

from bootstrap.layer.loader import load_layer
from bootstrap.progress import Progress, Step
from bootstrap.refresh import refresh, rollback
from bootstrap.settings import data_folder


class Killer(Progress):
    def _end(self, step: Step, started: float, mark: str) -> None:
        super()._end(step, started, mark)
        if step.name == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    layer = load_layer(data_folder("views"))
    if len(sys.argv) > 3:
        refresh(sys.argv[1], layer, source=Path(sys.argv[3]), max_rejects=0.001, progress=Killer())
    else:
        rollback(sys.argv[1], layer, progress=Killer())
