"""gunicorn's settings and hooks. The application is loaded once, before the workers are forked."""

import os
from pathlib import Path
from typing import Any

_MEMORY = Path("/dev/shm")  # where workers show that they live; on a slow disk a busy one would seem dead

worker_class = "gthread"
threads = 16
timeout = 60
graceful_timeout = 10
keepalive = 5
max_requests = 5000
max_requests_jitter = 500
limit_request_line = 0
limit_request_field_size = 0
preload_app = True
worker_tmp_dir = str(_MEMORY) if os.access(_MEMORY, os.W_OK) else None


def when_ready(server: Any) -> None:
    """Leave no open database connection for the workers to share."""
    from superset.extensions import db

    with server.app.wsgi().app_context():
        db.session.remove()
        db.engine.dispose()
