"""What gunicorn serves: Superset, with its metadata database brought up to date before the first request.

One process does both, because loading Superset takes longer than either. ``create_app`` expects the environment that
``site`` sets; LGS_METADATA_STAMP is what the metadata must be up to date with.
"""

import logging
import os
from http import HTTPStatus
from typing import Any

from flask import current_app, render_template_string, request
from flask_login import current_user
from flask_migrate import upgrade
from superset.app import create_app as create_superset
from superset.extensions import appbuilder, db, security_manager

logger = logging.getLogger("lgs")
_REFUSED = """<!DOCTYPE html><html lang="en"><meta name="viewport" content="width=device-width"><title>Sign in</title>
<body style="font-family: sans-serif; margin: 15vh auto; max-width: 30em; padding: 1em"><p>{{ why }}</p>
<p><a href="">Back to the page that signs in</a></p></body></html>"""
_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FOUND)


def create_app() -> Any:
    """Superset's WSGI application."""
    app = create_superset()
    stamp, password = os.environ["LGS_METADATA_STAMP"], os.environ.pop("LGS_ADMIN_PASSWORD")
    with app.app_context():
        if not _prepared(stamp):
            _prepare(password)
            _record(stamp)
    app.add_url_rule("/ready", view_func=ready)
    _limit_wrong_passwords(app)
    return app


def ready() -> str:
    """Answers only when the metadata database does; Superset's own /health answers always."""
    db.session.execute("select 1")
    return "OK"


def _limit_wrong_passwords(app: Any) -> None:
    """Answer 429 to an address that has tried too many, on the page and over the API alike; right ones do not count."""
    limiter, page = app.appbuilder.sm.limiter, f"{type(app.appbuilder.sm.auth_view).__name__}.login"
    limit = limiter.shared_limit(
        app.config["WRONG_PASSWORDS"],
        scope="passwords",
        exempt_when=_only_looks,
        deduct_when=_is_wrong,
        error_message="Too many wrong passwords from this address. Wait a minute, then try again.",
    )
    app.register_error_handler(HTTPStatus.TOO_MANY_REQUESTS, _refuse)
    for name in (page, "SecurityApi.login"):
        app.view_functions[name] = limit(app.view_functions[name])


def _only_looks() -> bool:
    return bool(request.method != "POST")


def _refuse(error: Any) -> Any:
    """A page of its own, since the one that signs in would say that the right password is wrong; over the API JSON."""
    if request.path == "/login/":
        return render_template_string(_REFUSED, why=error.description), HTTPStatus.TOO_MANY_REQUESTS
    return {"message": error.description}, HTTPStatus.TOO_MANY_REQUESTS


def _is_wrong(response: Any) -> bool:
    """The API answers 401; the page sends back to itself whoever is still not signed in."""
    return bool(not current_user.is_authenticated and response.status_code in _REFUSALS)


def _prepared(stamp: str) -> bool:
    """Whether this very database was prepared for this version and configuration, and is still whole."""
    tables = db.session.execute("select to_regclass('lgs.prepared'), to_regclass('public.ab_user')").one()
    if None in tables:
        return False
    query = """
        select count(*)
        from lgs.prepared
        inner join alembic_version on alembic_version.version_num = prepared.revision
        where
            prepared.stamp = :stamp
            and exists (select 1 from ab_user where username = 'admin')
    """
    return bool(db.session.execute(query, {"stamp": stamp}).scalar())


def _prepare(password: str) -> None:
    """Migrate, define the built-in roles, make the administrator. Each may be repeated."""
    from superset.commands.theme.seed import SeedSystemThemesCommand

    current_app.config["ALEMBIC_SKIP_LOG_CONFIG"] = True  # else every other logger falls silent (apache/superset#17774)
    db.session.remove()  # its transaction would bar the migration
    logger.info("migrating the metadata database")
    upgrade()
    logger.info("defining roles and permissions")
    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    if security_manager.find_user(username="admin") is None:
        role = security_manager.find_role(security_manager.auth_role_admin)
        email = os.environ.get("LGS_ADMIN_EMAIL") or "admin@lgs.localhost"
        made = security_manager.add_user("admin", "LGS", "Admin", email, role, password)
        if not made:
            raise RuntimeError("Superset's administrator could not be made")
    SeedSystemThemesCommand().run()  # Superset would have before, had there been tables (apache/superset#34339)


def _record(stamp: str) -> None:
    db.session.execute("create schema if not exists lgs")
    db.session.execute("create table if not exists lgs.prepared (stamp text not null, revision text not null)")
    db.session.execute("delete from lgs.prepared")
    db.session.execute(
        "insert into lgs.prepared (stamp, revision) select :stamp, version_num from alembic_version", {"stamp": stamp}
    )
    db.session.commit()
