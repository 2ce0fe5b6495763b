"""Try the server edition on a real Docker engine: python tests/compose [--where-possible] [pytest options].

Ends with 3 when no engine is to be had, with --where-possible with 0 and the reason.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from engine import NoEngine, compose, docker, engine
from images import APPLICATION, TAG, WORKER, prepare

HERE = Path(__file__).resolve().parent
_begun = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - _begun:4.0f} s] {text}", flush=True)


def main(options: list[str]) -> int:
    where_possible = "--where-possible" in options
    try:
        with engine():
            say(f"engine: {os.environ.get('DOCKER_HOST', 'the default one')}")
            images = prepare(say)
            say("images: built")
            commands = {"LGS_TEST_DOCKER": docker(), "LGS_TEST_COMPOSE": " ".join(compose())}
            chosen = [option for option in options if option != "--where-possible"]
            command = [sys.executable, "-m", "pytest", str(HERE), *chosen]
            try:
                return subprocess.run(command, cwd=HERE.parents[1], env=os.environ | images | commands).returncode
            finally:
                built = [f"{name}:{TAG}" for name in (WORKER, APPLICATION)]
                subprocess.run([docker(), "image", "rm", *built], capture_output=True)
    except NoEngine as reason:
        say(f"The server edition was not tried: {reason}.")
        return 0 if where_possible else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
