"""How gunicorn serves either edition; address and number of workers stand on its command line."""

import os
from pathlib import Path
from typing import Any

_MEMORY = Path("/dev/shm")

preload_app = True  # loaded once, before the workers are forked
worker_class = "gthread"
threads = 16
timeout = 60
graceful_timeout = 10
keepalive = 5
max_requests = 5000
max_requests_jitter = 500
limit_request_line = 0
limit_request_field_size = 0
control_socket_disable = True
# Where workers show that they live; on a slow disk a busy one would seem dead.
worker_tmp_dir = str(_MEMORY) if os.access(_MEMORY, os.W_OK) else None


def when_ready(server: Any) -> None:
    """Leave no open database connection for the workers to share."""
    from superset.extensions import db

    with server.app.wsgi().app_context():
        db.session.remove()
        db.engine.dispose()


def post_worker_init(worker: Any) -> None:
    """Each worker watches: one of them is enough, and either may end."""
    from bootstrap.server import watchdog

    watchdog.start(os.environ["LGS_METADATA_URL"])


def worker_exit(server: Any, worker: Any) -> None:
    """End at once: Python would take seconds to take so large a program apart, object by object."""
    if worker.booted and worker.pid == os.getpid():  # the master calls this too, for a worker that is gone
        os._exit(0)


def on_exit(server: Any) -> None:
    """As for a worker: all is closed by now."""
    os._exit(0)
