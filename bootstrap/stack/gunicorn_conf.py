"""gunicorn's hooks. The application is loaded once, before the workers are forked."""

from typing import Any


def when_ready(server: Any) -> None:
    """Leave no open database connection for the workers to share."""
    from superset.extensions import db

    with server.app.wsgi().app_context():
        db.session.remove()
        db.engine.dispose()
