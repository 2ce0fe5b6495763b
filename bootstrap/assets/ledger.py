"""What publishes did, and what Superset held after the last one: ``warehouse.publish`` and ``warehouse.published``.

Superset keeps no history. What differs from what it held was changed manually; what it held and has no more was deleted
there. Both are compared in Superset's own form, so that a version that compiles specs differently reports no drift.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json, execute_values

from bootstrap.assets.plan import Held, Plan
from bootstrap.assets.resource import Form
from bootstrap.connection import connected
from bootstrap.settings import who

_UNFINISHED = """
    select changes
    from warehouse.publish
    where publish_id > (select coalesce(max(publish_id), 0) from warehouse.publish where ended_at is not null)
"""


@dataclass
class Ledger:
    """Of the warehouse whose owner's ``url`` this is. Empty until ``lgs refresh`` has made its tables.

    ``is_unfinished`` says that the last publish did not end, ``begun`` names what it, and those before it that did not
    end either, were about to change: whatever Superset holds of that is no manual change.
    """

    url: str = field(repr=False)
    held: dict[str, dict[str, Form]] = field(default_factory=dict)
    begun: frozenset[str] = frozenset()
    is_unfinished: bool = False
    exists: bool = False

    @classmethod
    def read(cls, url: str) -> "Ledger":
        ledger = cls(url)
        if url:
            with ledger._cursor() as cursor:
                cursor.execute("select to_regclass('warehouse.published') is not null")
                ledger.exists = cursor.fetchone() == (True,)
                if ledger.exists:
                    ledger._read(cursor)
        return ledger

    def _read(self, cursor: Cursor) -> None:
        cursor.execute(_UNFINISHED)
        unfinished = [changes for (changes,) in cursor.fetchall()]
        self.is_unfinished = bool(unfinished)
        self.begun = frozenset(change["name"] for changes in unfinished for change in changes)
        cursor.execute("select kind, name, held from warehouse.published")
        for kind, name, form in cursor.fetchall():
            if name not in self.begun:
                self.held.setdefault(kind, {})[name] = form

    def begin(self, plan: Plan) -> int | None:
        """Write down what is about to be done; gives the number of the line."""
        if not self.exists:
            return None
        changes = [asdict(step) for step in plan.steps if step.verb != "unchanged"]
        with self._cursor() as cursor:
            cursor.execute(
                "insert into warehouse.publish (published_by, version, changes) values (%s, %s, %s) "
                "returning publish_id",
                [who(), version("lgs-bi"), Json(changes)],
            )
            return int((cursor.fetchone() or [0])[0])

    def end(self, line: int | None, held: Held, removed: Iterable[tuple[str, str]]) -> None:
        """Write down that it is done: what Superset holds of what was sent, and what (kind, name) is gone."""
        if line is None:
            return
        with self._cursor() as cursor:
            cursor.execute("update warehouse.publish set ended_at = now() where publish_id = %s", [line])
            for kind, name in removed:
                cursor.execute("delete from warehouse.published where (kind, name) = (%s, %s)", [kind, name])
            execute_values(
                cursor,
                "insert into warehouse.published (kind, name, held) values %s "
                "on conflict (kind, name) do update set held = excluded.held",
                [(kind, name, _json(form)) for kind, forms in held.items() for name, form in forms.items()],
            )

    @contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        with connected(self.url) as connection, connection, connection.cursor() as cursor:
            yield cursor


def _json(form: Form) -> Json:
    return Json(form, dumps=lambda value: json.dumps(value, default=str))
