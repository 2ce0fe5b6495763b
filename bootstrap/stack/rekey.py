"""Makes restored metadata this stack's own: its secrets under our key, its users under our passwords.

Its datasets count as changed now. That time is part of the key of each cached answer, so that none from before the
restore is taken for one of the restored data.

Superset does the first with its own migrator, in a process of its own, since loading Superset takes seconds.
"""

import os
import subprocess
import sys
from dataclasses import replace

from bootstrap.connection import connected
from bootstrap.errors import CheckFailed
from bootstrap.stack.passwords import chosen, settle
from bootstrap.stack.stack import Stack


def rekey(stack: Stack, metadata_url: str, previous_key: str, *, chosen_there: frozenset[str]) -> None:
    """``chosen_there`` are those who had chosen a password when the backup was made.

    Raises ``CheckFailed`` when a secret in that metadata cannot be read with ``previous_key``."""
    launch = replace(stack.launch, metadata_url=metadata_url)
    environment = launch.environment(folder=stack.superset.folder, port=0) | {"LGS_PREVIOUS_SECRET_KEY": previous_key}
    done = subprocess.run([sys.executable, "-m", __name__], env=environment, capture_output=True, text=True)
    if done.returncode:
        why = [f"it ended with {done.returncode}", *done.stderr.strip().splitlines()][-1]
        raise CheckFailed(f"The secrets in the backup cannot be renewed: {why}. Nothing was replaced.")
    made = {**stack.credentials.users, "admin": stack.superset_password}
    settle(metadata_url, made, here=chosen(stack.metadata.url, made), there=chosen_there)
    _touch(metadata_url)


def _touch(metadata_url: str) -> None:
    """Make what is cached of the datasets old."""
    with connected(metadata_url) as connection, connection, connection.cursor() as cursor:
        cursor.execute("update tables set changed_on = localtimestamp")


def _migrate() -> None:
    from flask_appbuilder import Model
    from sqlalchemy_utils import EncryptedType
    from superset.app import create_app
    from superset.utils.encrypt import SecretsMigrator

    class Migrator(SecretsMigrator):  # type: ignore[misc]
        def discover_encrypted_fields(self) -> dict[str, dict[str, EncryptedType]]:
            """Superset 6.1 looks in a registry without tables; these are the ones it uses (apache/superset#39391)."""
            found = {
                name: {column.name: column.type for column in table.columns if isinstance(column.type, EncryptedType)}
                for name, table in Model.metadata.tables.items()
            }
            return {name: columns for name, columns in found.items() if columns}

    with create_app().app_context():
        Migrator(os.environ["LGS_PREVIOUS_SECRET_KEY"]).run()


if __name__ == "__main__":
    _migrate()
