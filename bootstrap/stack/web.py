"""What gunicorn serves: Superset, with its metadata database brought up to date before the first request.

One process does both, because loading Superset takes longer than either. ``create_app`` expects the environment that
``site`` sets; LGS_METADATA_STAMP is what the metadata must be up to date with.
"""

import logging
import os
from typing import Any

logger = logging.getLogger("lgs")


def create_app() -> Any:
    """Superset's WSGI application."""
    from superset.app import create_app as create_superset

    app = create_superset()
    stamp, password = os.environ["LGS_METADATA_STAMP"], os.environ.pop("LGS_ADMIN_PASSWORD")
    with app.app_context():
        if not _prepared(stamp):
            _prepare(password)
            _record(stamp)
    app.add_url_rule("/ready", view_func=ready)
    if app.config["RATELIMIT_ENABLED"]:
        _limit_logins(app)
    return app


def ready() -> str:
    """Answers only when the metadata database does; Superset's own /health answers always."""
    from superset.extensions import db

    db.session.execute("select 1")
    return "OK"


def _limit_logins(app: Any) -> None:
    """Limit guesses at the API's login as at the page's, which alone Superset limits."""
    limit = app.appbuilder.sm.limiter.limit(app.config["AUTH_RATE_LIMIT"], methods=["POST"])
    app.view_functions["SecurityApi.login"] = limit(app.view_functions["SecurityApi.login"])


def _prepared(stamp: str) -> bool:
    """Whether this very database was prepared for this version and configuration, and is still whole."""
    from superset.extensions import db

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
    from flask import current_app
    from flask_migrate import upgrade
    from superset.commands.theme.seed import SeedSystemThemesCommand
    from superset.extensions import appbuilder, db, security_manager

    current_app.config["ALEMBIC_SKIP_LOG_CONFIG"] = True  # its logging setup would silence every other logger
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
    SeedSystemThemesCommand().run()  # Superset did so before there were tables


def _record(stamp: str) -> None:
    from superset.extensions import db

    db.session.execute("create schema if not exists lgs")
    db.session.execute("create table if not exists lgs.prepared (stamp text not null, revision text not null)")
    db.session.execute("delete from lgs.prepared")
    db.session.execute(
        "insert into lgs.prepared (stamp, revision) select :stamp, version_num from alembic_version", {"stamp": stamp}
    )
    db.session.commit()
