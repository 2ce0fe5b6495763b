"""A refresh or a rollback that dies, as a machine does, when the step named in its arguments ends.

Arguments: the owner's URL, that step, and the source; a rollback has none.
"""

import sys
from pathlib import Path

from bootstrap.project import current
from bootstrap.refresh import refresh, rollback
from bootstrap.semantic.loader import load_layer
from tests.killed import Killer

if __name__ == "__main__":
    layer, progress = load_layer(current().views), Killer(last=sys.argv[2])
    if len(sys.argv) > 3:
        refresh(sys.argv[1], layer, source=Path(sys.argv[3]), max_rejects=0.001, progress=progress)
    else:
        rollback(sys.argv[1], layer, progress=progress)
