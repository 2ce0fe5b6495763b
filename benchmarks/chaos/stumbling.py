"""A refresh that waits when the step named begins, until it is told to go on.

Arguments: the owner's URL, the step (empty: none) and the file to add. It says ``here`` when it waits.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bootstrap.errors import Interrupted, LgsError, said
from bootstrap.interruption import interruptible
from bootstrap.progress import Progress, Step
from bootstrap.project import current
from bootstrap.refresh import refresh
from bootstrap.semantic.loader import load_layer

HERE = "here"


class Stumbling(Progress):
    """Waits for a line on stdin when the step begins, the first time."""

    at = ""

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        with super().step(name) as step:
            if name == self.at:
                self.at = ""
                print(HERE, flush=True)
                sys.stdin.readline()
            yield step


def main() -> int:
    url, at, source = sys.argv[1:]
    progress = Stumbling()
    progress.at = at
    try:
        with interruptible():
            options = {"append": True, "max_rejects": 0.0, "progress": progress}
            done = refresh(url, load_layer(current().views), source=Path(source), **options)  # type: ignore[arg-type]
    except (LgsError, Interrupted) as error:
        print(f"Error: {said(error)}", flush=True)
        return error.exit_code
    print("Loaded." if done.changed else "Nothing to do.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
