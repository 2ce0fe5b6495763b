"""Superset's metadata database: made on a PostgreSQL server, and told apart from anybody else's.

It is the database ``superset``, owned by the role ``lgs_superset``. Its comment carries a fingerprint of the key that
encrypts what Superset keeps there, so that a database of another installation is never taken for ours.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from bootstrap.connection import administering, refusal
from bootstrap.errors import UsageError
from bootstrap.roles import is_superuser
from bootstrap.stack.address import replaced

DATABASE, ROLE = "superset", "lgs_superset"
State = Literal["missing", "unmarked", "ours", "foreign"]


@dataclass(frozen=True)
class Metadata:
    """The database on the server of ``admin_url``, with the role's password and Superset's secret key.

    ``key_setting`` is where people find that key.
    """

    admin_url: str
    password: str
    secret_key: str
    key_setting: str = "SUPERSET_SECRET_KEY in credentials.env"
    database: str = DATABASE

    @property
    def url(self) -> str:
        return replaced(self.admin_url, username=ROLE, password=self.password, database=self.database)

    @property
    def mark(self) -> str:
        fingerprint = hashlib.sha256(f"lgs metadata {self.secret_key}".encode()).hexdigest()[:16]
        return f"Metadata of the London Gift Shop BI, key {fingerprint}"

    def present(self) -> bool:
        """Whether this server has our database."""
        with administering(self.admin_url) as cursor:
            return self._state(cursor) in ("unmarked", "ours")

    def possible(self) -> bool:
        """Whether this server has no such database yet, and lets us make it."""
        with administering(self.admin_url) as cursor:
            return self._state(cursor) == "missing" and _may_create(cursor)

    def ensure(self) -> None:
        """Make role and database where missing or half made.

        Raises ``UsageError`` when there is somebody else's of that name.
        """
        with administering(self.admin_url) as cursor:
            state = self._state(cursor)
            if state == "foreign":
                raise UsageError(
                    f"The database {self.database} was not made with the present {self.key_setting}. "
                    "Put back the key that it was made with, or remove that database to start over."
                )
            if state != "ours" or refusal(self.url):
                self._ensure_role(cursor)
                self._ensure_database(cursor, exists=state != "missing")
            if is_superuser(cursor):  # only then the site can end sessions that run past their time limit
                cursor.execute(f"grant pg_signal_backend, pg_read_all_stats to {ROLE}")

    def require_admin(self, password: str) -> None:
        """Raise ``UsageError`` when the password is not that of Superset's user ``admin``."""
        from werkzeug.security import check_password_hash

        with administering(self.url) as cursor:
            cursor.execute("select password from ab_user where username = 'admin' and active")
            row = cursor.fetchone()
        if row is None or not check_password_hash(row[0], password):
            raise UsageError(
                "The password of Superset's user admin is not the one in credentials.env, or the user is gone. "
                "Put the present password into SUPERSET_ADMIN there, or give admin that password in Superset."
            )

    def _state(self, cursor: Cursor) -> State:
        query = (
            "select pg_get_userbyid(datdba), shobj_description(oid, 'pg_database') from pg_database where datname = %s"
        )
        cursor.execute(query, [self.database])
        row = cursor.fetchone()
        if row is None:
            return "missing"
        if row == (ROLE, None):
            return "unmarked"  # killed before that
        return "ours" if row == (ROLE, self.mark) else "foreign"

    def _ensure_role(self, cursor: Cursor) -> None:
        cursor.execute("select 1 from pg_roles where rolname = %s", [ROLE])
        verb = "alter" if cursor.fetchone() else "create"
        cursor.execute(sql.SQL(f"{verb} role {ROLE} login password %s"), [self.password])

    def _ensure_database(self, cursor: Cursor, *, exists: bool) -> None:
        if not is_superuser(cursor):
            cursor.execute(f"grant {ROLE} to current_user")  # else it could not make the role an owner
        database = sql.Identifier(self.database)
        if not exists:
            made = sql.SQL("create database {} owner {} template template0")
            cursor.execute(made.format(database, sql.Identifier(ROLE)))
        cursor.execute(sql.SQL("revoke all on database {} from public").format(database))
        cursor.execute(sql.SQL("comment on database {} is %s").format(database), [self.mark])


def _may_create(cursor: Cursor) -> bool:
    cursor.execute(
        """
        select
            rolsuper
            or (
                rolcreatedb
                and rolcreaterole
                and not exists (
                    select 1 from pg_roles where rolname = %s and not pg_has_role(oid, 'member with admin option')
                )
            )
        from pg_roles
        where rolname = current_user
        """,
        [ROLE],
    )
    return cursor.fetchone() == (True,)
