"""gunicorn's hooks. The application is loaded once, before the workers are forked."""

import os
from typing import Any


def when_ready(server: Any) -> None:
    """Leave no open database connection for the workers to share."""
    from superset.extensions import db

    with server.app.wsgi().app_context():
        db.session.remove()
        db.engine.dispose()


def worker_exit(server: Any, worker: Any) -> None:
    """End at once: Python would take seconds to take so large a program apart, object by object."""
    if worker.booted and worker.pid == os.getpid():  # the master calls this too, for a worker that is gone
        os._exit(0)


def on_exit(server: Any) -> None:
    """As for a worker: all is closed by now."""
    os._exit(0)
